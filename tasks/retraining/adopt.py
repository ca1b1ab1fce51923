"""A first champion that driftloop did not train: the model whose predictions the data hold."""

from dataclasses import replace
from datetime import timedelta

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import TrainingError
from driftloop.base.periods import Window, floor_to, parse_time, split_window
from driftloop.base.scores import Score, metric_name
from driftloop.base.windows import EARLIEST
from driftloop.comparison.compare import score_alone
from driftloop.decision.window_analysis import check_window_quality
from driftloop.performance.target import Classes, Quantity, Target, find_classes
from driftloop.profiling.reference_column import UnreadableColumn
from driftloop.profiling.reference_profile import Profile
from driftloop.profiling.stationarity import LEAST_WINDOWS
from driftloop.profiling.variation import windows_of
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import predict_model
from tasks.monitoring.reference_profiles import open_profile
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.monitoring.tables import read_labelled, target_in
from tasks.registry.lineage import data_tags, predicting
from tasks.registry.models import reader_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import version_with_key
from tasks.retraining.plan import OpenTraining, signed
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import ParquetColumns, read_slice, slice_columns

_UP = timedelta(days=1) - timedelta(microseconds=1)
MOST_SCORED = 50_000
"""Labelled rows that the score of a reference is computed on, a sample of more."""


@step("adopt served model", retries=2)
def adopt_served(job: Job, snapshot: Snapshot, opened: OpenTraining) -> tuple[str, str]:
    """Register what served as a version without a model; return it, and a sentence on it.

    Its reference, and the holdout that later predictions are compared with, are the rows as of the
    job's moment, from where they hold still and without periods of a broken feed. A version that an
    attempt registered which was cut off is returned as it is.

    Raises:
        TrainingError: in a dry run, and where there are too few rows.
    """
    registry, run_id = open_registry(job.workspace), opened.run_id
    if run_id is None:
        raise TrainingError("a dry run adopts no model")
    reference, notes = _reference(job, snapshot, run_id)
    target, score = _target_and_score(job, reference)
    scored = ""
    if score is not None:
        metric = metric_name(score.metric)
        scored = f"; {metric} {score.value:.3f} on {score.rows:,} labelled ones of them"
    sentence = (
        f"Its reference: {reference.rows:,} rows from {reference.window}{notes}{scored}. "
        "driftloop watches it and trains nothing."
    )
    tags = predicting(data_tags(reference, reference.window), target)
    tags = replace(signed(job, opened, tags), score=score, served=True)
    with promotion_slot(job):  # another process of the same job may have registered it meanwhile
        version = version_with_key(registry, job.model, opened.key)
        return version or registry.register(job.model, run_id, None, tags), sentence


def _reference(job: Job, snapshot: Snapshot, run_id: str) -> tuple[DataSlice, str]:
    """Return the rows that later ones are compared with, and what was left out of them, in words.

    Where columns warm up or break, they are the part after the last break that leaves windows
    enough.
    """
    part = DataSlice(snapshot, Window(EARLIEST, job.labelled_window.end))
    times = _columns(job, part).times
    if len(times) < (least := job.config.drift.minimum_rows):
        raise TrainingError(
            f"there are {len(times):,} rows before {part.window.end:%Y-%m-%d}, and a reference "
            f"needs {least}: adopt a later moment"
        )
    begin, notes = parse_time(times.min().astype("datetime64[us]").item()), ""
    part = replace(part, window=Window(begin, part.window.end))
    span = job.config.windows.current
    starts = [one.start for one in windows_of(times, span) if span.before(one.end) == one.start]
    breaks = _breaks(job, open_profile(job, part, run_id))
    settled = [count for count in breaks if len(starts) - count >= LEAST_WINDOWS]
    if settled:
        start = floor_to(starts[::-1][max(settled)] + _UP, span)
        part = replace(part, window=Window(start, part.window.end))
        notes = f", the first that hold still; the log begins on {begin:%Y-%m-%d}"
    broken = _broken(job, part, open_profile(job, part, run_id))
    if broken:
        part = replace(part, excluded=broken)
        open_profile(job, part, run_id)
        notes += f", without the broken feed from {broken[0]}"
    return replace(part, rows=_columns(job, part).rows), notes


def _breaks(job: Job, profile: Profile) -> list[int]:
    """Return after how many windows each column that warmed up or broke held still."""
    columns = map(profile.column, job.config.features.by_type.names)
    readable = (column for column in columns if not isinstance(column, UnreadableColumn))
    return [column.variation.settled for column in readable if column.variation.settled]


def _broken(job: Job, part: DataSlice, profile: Profile) -> tuple[Window, ...]:
    """Return the windows of a slice that fail a quality check against the whole of it."""
    scope, by, broken = analysis_scope(job), criteria(job), []
    for period in split_window(part.window, job.config.windows.current):
        columns = _columns(job, replace(part, window=period))
        checks = check_window_quality(profile, columns, scope, by) if columns.rows else ()
        if any(check.status == "failed" for check in checks):
            broken.append(period)
    return tuple(broken)


def _columns(job: Job, part: DataSlice) -> ParquetColumns:
    return slice_columns(part, job.config.data.time, job.workspace)


def _target_and_score(job: Job, reference: DataSlice) -> tuple[Target, Score | None]:
    """Return what is predicted, and how good the served predictions of labelled rows were."""
    table = read_labelled(job, reference)
    if table.empty:
        return _target_without_labels(job, reference), None
    target = target_in(job, table)
    if len(table) > MOST_SCORED:
        table = table.sample(MOST_SCORED, random_state=0).sort_index()
    scored = predict_model(job, reader_of(job, target), table, target)
    if len(scored.y) < job.config.performance.minimum_rows:
        return target, None
    return target, score_alone(scored.y, scored.scored, job.config.comparison)


def _target_without_labels(job: Job, reference: DataSlice) -> Target:
    """Return what is predicted by the decisions; without them two classes are 0 and 1."""
    data, served = job.config.data, job.config.data.predictions
    if job.config.task == "regression":
        return Quantity()
    if served is None or served.decision is None:
        return Classes(("0", "1"))
    table = read_slice(reference, (served.decision,), data.time, job.workspace)
    return find_classes(table[served.decision].dropna(), data.positive)
