"""Inference from a table: column roles, periods, the training period and minimum row counts."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from driftloop.base.errors import DataError
from driftloop.base.periods import Every, Span, parse_span, parse_time
from driftloop.config.model_config import NAME_PATTERN
from driftloop.onboarding.notes import find_notes
from driftloop.onboarding.periods import find_periods, with_least_rows
from driftloop.onboarding.roles import role_of
from driftloop.onboarding.seasons import find_season
from driftloop.onboarding.training_part import find_training_part
from driftloop.performance.target import label_text
from driftloop.profiling.columns import categorical_column, numeric_column
from driftloop.snapshots.check_table import check_positive
from driftloop.snapshots.options import ColumnRole, Inferred, Options, Positive, Role, Target
from driftloop.snapshots.served_log import task_of_log
from driftloop.snapshots.table_source import Source, fail


def infer(source: Source, options: Options) -> Inferred:
    """Return everything that a configuration needs and the options leave open.

    Raises:
        DataError: if no feature is left, the training period is too short or holds one class, or
            an option is not valid.
    """
    name, delay = _name(source, options), _delay(options.label_delay)
    times = source.table[options.time]
    besides = sum(name in options.roles for name in source.table.columns)
    periods = find_periods(times, options.every, len(source.table.columns) - besides)
    columns = _columns(source, options, periods.every)
    periods = with_least_rows(periods, source.table, options.time, columns)
    inferred = Inferred(
        name=name,
        file=source.path.name,
        time=options.time,
        label=options.label,
        key=options.key,
        label_delay=delay,
        target=_target(source, options),
        columns=columns,
        periods=periods,
        rows=len(times),
        first=parse_time(times.iloc[0].to_pydatetime()),
        last=parse_time(times.iloc[-1].to_pydatetime()),
        training=find_training_part(source, options, periods),
        notes=(),
        served=options.served,
        adopted=options.adopted,
    )
    inferred = replace(inferred, season=find_season(source.table, inferred))
    return replace(inferred, notes=find_notes(source, inferred))


def _name(source: Source, options: Options) -> str:
    if options.name is None:
        return valid_model_name(source.path.stem)
    if not re.match(NAME_PATTERN, options.name):
        raise DataError(
            f"--name {options.name!r} is not a valid model name; use lower-case letters, "
            f"digits, - and _, such as {valid_model_name(options.name)!r}"
        )
    return options.name


def valid_model_name(text: str) -> str:
    """Return the closest valid model name: lower-case letters, digits, dashes, underscores."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")
    return plain[:63] or "model"


def _delay(value: Span | str) -> Span:
    try:
        return parse_span(value)
    except ValueError as error:
        raise DataError(f"--label-delay: {error}") from None


def _target(source: Source, options: Options) -> Target:
    """Return the classes; of two, the positive one is the requested one or else the rarer."""
    if options.task == "regression":
        return Target("regression", (), None, "a quantity, as requested: --task")
    labels = source.table[options.label].dropna()
    if labels.empty:
        return _target_of_log(source, options)
    counts = pd.Series(label_text(labels)).value_counts().sort_index(ascending=False)
    classes = sorted(counts.index)
    if len(classes) > 2 or options.task == "multiclass":
        return Target("multiclass", tuple(classes), None, f"{len(classes)} classes")
    requested = check_positive(source.path, options.label, classes, options.positive)
    positive = requested or str(counts.idxmin())
    share = counts[positive] / counts.sum()
    why = "as requested" if requested else "the rarer class"
    reason = f"{why}: {share:.1%} of the labels"
    return Target("binary", tuple(classes), _typed(positive, labels), reason)


def _target_of_log(source: Source, options: Options) -> Target:
    """Return what a log without labels is of; two classes are 0 and 1, unless it has decisions."""
    task, reason = task_of_log(source, options), "no labels yet"
    decision = options.predictions.get("decision")
    decided = source.table[decision].dropna() if decision else pd.Series([0.0, 1.0])
    if task != "binary":
        classes = sorted(set(label_text(decided))) if task == "multiclass" else []
        return Target(task, tuple(classes), None, reason)
    classes = sorted(set(label_text(decided)))
    name = options.label if decision is None else decision
    positive = check_positive(source.path, str(name), classes, options.positive) or classes[-1]
    return Target(task, tuple(classes), _typed(positive, decided), reason)


def _typed(name: str, labels: "pd.Series[Any]") -> Positive:
    """Return a class as the label column holds it: a number where it holds numbers."""
    if not pd.api.types.is_numeric_dtype(labels):
        return name
    return int(name) if name.lstrip("-").isdigit() else float(name)


def _columns(source: Source, options: Options, every: Every) -> tuple[ColumnRole, ...]:
    """Return a role for every column of the file, in its order.

    Raises:
        DataError: if no feature is left.
    """
    table = source.table
    own: dict[str | None, tuple[Role, str]] = {
        options.time: ("time", "as requested: --time"),
        options.label: ("label", "as requested: --label" if options.labelled else "to come"),
        options.key: ("key", "as requested: --key"),
    }
    for role, column in options.predictions.items():
        own[column] = "prediction", f"as requested: --{role}"
    columns = [
        ColumnRole(name, *own[name])
        if name in own
        else _requested(source, options, name)
        or role_of(name, table[name], table[options.time], every)
        for name in table.columns
    ]
    columns += [ColumnRole(name, "left out", why) for name, why in source.unusable.items()]
    columns += [ColumnRole(name, "left out", "as requested: --drop") for name in options.drop]
    if not any(column.role in ("numeric", "categorical") for column in columns):
        reasons = "; ".join(
            f"{column.name}: {column.reason}" for column in columns if column.role == "left out"
        )
        fail(source.path, f"no feature is left ({reasons or 'no other column'}); add columns")
    return tuple(columns)


def _requested(source: Source, options: Options, name: str) -> ColumnRole | None:
    """Return the role that a person chose for a column, or None.

    Raises:
        DataError: if it cannot be read as that.
    """
    read: dict[Role, Callable[[pd.DataFrame, str], Any]] = {
        "numeric": numeric_column,
        "categorical": categorical_column,
    }
    for role, check in read.items():
        if name in getattr(options, role):
            try:
                check(source.table, name)
            except DataError as error:
                fail(source.path, f"--{role}: {error}")
            return ColumnRole(name, role, f"as requested: --{role}")
    return None
