"""Checks of a table that is to become a model's data; each raises `DataError`."""

import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from driftloop.base.errors import join_names, valid_choices
from driftloop.performance.target import Quantity, class_text, label_text
from driftloop.profiling.whole_numbers import lost_digits
from driftloop.snapshots.options import Options
from driftloop.snapshots.table_source import Source, fail

MOST_CLASSES = 50


def check_header(path: Path, names: list[str]) -> None:
    """Check that no column is there twice."""
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        columns = join_names(map(repr, repeated))
        fail(path, f"the header holds {columns} more than once; rename one")


def check_columns(path: Path, names: list[str], options: Options) -> None:
    """Check that every column is there, once, and is used for one thing only."""
    if not options.labelled and names.count(options.label) > 1:
        fail(path, f"holds a column {options.label!r}: name it with --label, or rename it")
    check_header(path, names)
    read = options.adopted.columns if options.adopted else ()
    if gone := [repr(name) for name in read if name not in names]:
        fail(path, f"the model reads {join_names(gone, 6)}, which the file does not hold; add it")
    roles = [("--time", options.time), ("--label", options.label), ("--key", options.key)]
    roles += [(f"--{role}", name) for role, name in options.predictions.items()]
    for option in ("drop", "numeric", "categorical"):
        roles += [(f"--{option}", name) for name in dict.fromkeys(getattr(options, option))]
    taken: dict[str, str] = {}
    for option, name in roles:
        if name is None:
            continue
        if name not in names:
            fail(path, f"no such column for {option}; {valid_choices(name, names)}")
        if name in taken:
            fail(path, f"{taken[name]} and {option} are both {name!r}; choose different columns")
        taken[name] = option


def check_rows(source: Source, options: Options) -> None:
    """Check that rows are in time order, can be told apart, and that every feature has values."""
    times = source.table[options.time]
    earlier = (times < times.shift()).to_numpy()
    source.refuse(
        options.time,
        earlier,
        lambda row: f"{times.iloc[row]} comes after {times.iloc[row - 1]}",
        "sort the file by that column first",
    )
    if options.key is None:
        alone = times.notna().all() and not times.duplicated().any()
        other = "" if alone else f"or choose a column for --key{_keys(source, options)}"
        check_identity(source, options.time, times, other, False)
    else:
        key = source.table[options.key]
        check_identity(source, options.key, key, "or choose another --key", lost_digits(key))
    gone, roles = source.table.columns[source.table.isna().all()], options.roles
    empty = [name for name in gone if name not in roles]
    if empty:
        noun = "column" if len(empty) == 1 else "columns"
        drop = " ".join(f"--drop {shlex.quote(name)}" for name in empty)
        fail(source.path, f"{noun} {join_names(map(repr, empty))}: entirely empty; add {drop}")


def _keys(source: Source, options: Options) -> str:
    """Return which columns tell all rows apart; measurements may, by chance, and are left out."""
    keys = [
        repr(name)
        for name, column in source.table.items()
        if name not in options.roles
        and not pd.api.types.is_float_dtype(column)
        and not pd.api.types.is_datetime64_any_dtype(column)
        and column.notna().all()
        and column.is_unique
    ]
    if not keys:
        return "; none tells all rows apart"
    return f"; that would do: {join_names(keys, 6)}"


def check_identity(
    source: Source, name: str, column: "pd.Series[Any]", other: str, imprecise: bool
) -> None:
    """Check that a column identifies rows: none missing, none repeated, no digits lost.

    `other` says what else may be done. `imprecise` floats may have been other numbers before.
    """
    fix = f"it identifies the row: fill it in, {other}"
    source.refuse(name, column.isna().to_numpy(), lambda _: "the value is missing", fix)
    if imprecise:
        fail(
            source.path,
            f"column {name!r} identifies rows and holds floating-point numbers of 2^53 or more, "
            f"which have lost their last digits; export it as whole numbers or as text, {other}",
        )
    source.refuse(
        name,
        column.duplicated().to_numpy(),
        lambda row: f"{str(column.iloc[row])[:40]!r} is repeated, and it identifies the row",
        f"remove repeated rows, {other}",
    )


def check_label(source: Source, options: Options) -> None:
    """Check that the label holds 2 to 50 classes, the positive one among them, or a quantity."""
    name = options.label
    present = source.table[name].dropna()
    if present.empty and options.served is not None:
        return  # they come later
    if present.empty:
        fail(source.path, f"column {name!r}: every label is missing; choose another with --label")
    if options.task == "regression":
        if options.positive is not None:
            fail(source.path, "--positive is for classes, and --task is regression: leave it out")
        Quantity().encode(present)
        return
    _check_classes(source, options, sorted(set(label_text(present))))


def _check_classes(source: Source, options: Options, classes: list[str]) -> None:
    name = options.label
    if len(classes) > MOST_CLASSES:
        fail(
            source.path,
            f"column {name!r}: a label of {len(classes):,} different values; driftloop trains "
            f"classifiers of up to {MOST_CLASSES} classes: set --task regression for a quantity, "
            "write it as classes, or choose another column with --label",
        )
    if len(classes) < 2:
        fail(
            source.path,
            f"column {name!r}: every label is {classes[0]!r}; a model needs two classes or more",
        )
    if options.task == "binary" and len(classes) > 2:
        fail(
            source.path,
            f"column {name!r} holds {len(classes)} classes ({join_names(classes, 6)}), and --task "
            "is binary; set --task multiclass",
        )
    check_positive(source.path, name, classes, options.positive)


def check_positive(path: Path, label: str, classes: list[str], positive: str | None) -> str | None:
    """Return the positive class as the label writes it; None where none is given."""
    if positive is None:
        return None
    if len(classes) > 2:
        fail(
            path,
            f"--positive is for two classes; {label!r} holds {len(classes)} "
            f"({join_names(classes, 6)}): leave it out",
        )
    wanted = next((reading for reading in _readings(positive) if reading in classes), None)
    if wanted is None:
        fail(path, f"{label!r} never takes that --positive; {valid_choices(positive, classes)}")
    return wanted


def _readings(positive: str) -> list[str]:
    """Return how the file may write what a person wrote: true as 1, 1.0 as 1."""
    flags = {"true": "1", "false": "0"}
    readings = [positive, flags.get(positive.lower(), positive)]
    with suppress(ValueError):
        readings.append(class_text(float(positive)))
    return readings
