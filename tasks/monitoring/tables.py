"""Tables of a job: labelled rows, features and targets, and periods with a broken feed."""

from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, join_names, valid_choices
from driftloop.base.findings import QualityFinding
from driftloop.base.periods import Span, Window, split_window
from driftloop.decision.window_analysis import check_window_quality
from driftloop.performance.target import Classes, Quantity, Target, find_classes
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.columns import feature_table
from driftloop.profiling.reference_profile import Features, Profile
from driftloop.quality.checks import check_label_classes
from driftloop.training.estimators import features_of
from driftloop.training.training import Examples
from driftloop.training.weights import recency_weights
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.runtime.job import Job
from tasks.snapshots.parquet import read_slice


def read_labelled(job: Job, part: DataSlice, *models: Any) -> pd.DataFrame:
    """Return labelled rows: the configured columns, and those that models read beside them.

    Raises `DataError` without a label column.
    """
    config, read = job.config, (name for model in models for name in features_of(model).names)
    columns = (*config.columns, *read)
    table = read_slice(part, columns, config.data.time, job.workspace)
    if config.data.label not in table.columns:
        raise DataError(f"data.label: {valid_choices(config.data.label, table.columns)}")
    return table[table[config.data.label].notna()].reset_index(drop=True)


def target_in(job: Job, table: pd.DataFrame) -> Target:
    """Return the target: the classes of a labelled table, or a quantity.

    Raises `DataError` if there are fewer than two, or more than the configured task allows.
    """
    data = job.config.data
    if job.config.task == "regression":
        return Quantity()
    classes = find_classes(table[data.label], data.positive)
    if valued := job.config.valued_classes:
        return _valued(job, classes, valued)
    if job.config.task == "binary" and not classes.binary:
        raise DataError(
            f"the label {data.label!r} holds {len(classes.names)} classes "
            f"({join_names(classes.names, 6)}) and the task is binary; set task: multiclass"
        )
    return classes


def _valued(job: Job, classes: Classes, valued: tuple[str, ...]) -> Classes:
    """Return all classes that have a worth; raises `DataError` for one that occurs and has none."""
    for name in classes.names:
        if name not in valued:
            raise DataError(
                f"the label {job.config.data.label!r} holds the class {name!r}, of which "
                f"value.classes does not say what it is worth; {valid_choices(name, valued)}"
            )
    return Classes(valued)


def examples(job: Job, table: pd.DataFrame, target: Target, model: Any = None) -> Examples:
    """Return examples to train on, or for a model to score.

    What a model reads and the data have no more, after a change of the features, is missing to it.
    Raises `DataError` for columns of a wrong type, and for configured ones that are not there.
    """
    features = features_for(job, model)
    gone = {*features.names} - {*table.columns, *job.config.features.by_type.names}
    return Examples(
        feature_table(table.assign(**dict.fromkeys(gone)), *features),
        target.encode(table[job.config.data.label]),
        target,
    )


def features_for(job: Job, model: Any) -> Features:
    """Return what a model reads, which is what was configured when it was trained."""
    own = features_of(model)
    return own if own.names else job.config.features.by_type


def weighted_examples(
    job: Job, table: pd.DataFrame, target: Target, half_life: Span | None
) -> Examples:
    """Return examples to train on, the newest of which count most where there is a half-life."""
    times = table[job.config.data.time].to_numpy().astype("datetime64[us]")
    end = job.labelled_window.end
    return replace(examples(job, table, target), weights=recency_weights(times, end, half_life))


class BrokenPeriod(NamedTuple):
    """A period whose feed was broken, and the checks that failed."""

    window: Window
    checks: tuple[QualityFinding, ...]


def label_fault(job: Job, table: pd.DataFrame, target: Target) -> QualityFinding | None:
    """Return the failed check of labels whose classes are not those of a target, or None."""
    label = job.config.data.label
    if not isinstance(target, Classes):
        return None
    binary = job.config.task == "binary"
    return check_label_classes(label, target.unknown(table[label]), len(table), binary)


def broken_periods(
    job: Job,
    reference: Profile,
    table: pd.DataFrame,
    window: Window,
    target: Target | None = None,
) -> tuple[BrokenPeriod, ...]:
    """Return the periods of a table, as long as a current window, that fail a quality check.

    With the champion's `target` the classes of the labels are checked, too.
    """
    time, broken = job.config.data.time, []
    scope, by = analysis_scope(job), criteria(job)
    for period in split_window(window, job.config.windows.current):
        rows = rows_inside(table, period, time)
        if rows.empty:
            continue
        checks = check_window_quality(reference, FrameColumns(rows), scope, by)
        fault = None if target is None else label_fault(job, rows, target)
        checks += (fault,) if fault else ()
        failed = tuple(check for check in checks if check.status == "failed")
        if failed:
            broken.append(BrokenPeriod(period, failed))
    return tuple(broken)


def rows_inside(table: pd.DataFrame, window: Window, time: str) -> pd.DataFrame:
    """Return the rows of a window."""
    start, end = (edge.replace(tzinfo=None) for edge in (window.start, window.end))
    return table[table[time].between(start, end, inclusive="left")]


def rows_outside(table: pd.DataFrame, windows: tuple[Window, ...], time: str) -> pd.DataFrame:
    """Return the rows in none of the windows, with a new index."""
    for window in windows:
        table = table.drop(index=rows_inside(table, window, time).index)
    return table.reset_index(drop=True)
