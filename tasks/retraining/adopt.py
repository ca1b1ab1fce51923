"""A first champion that driftloop did not train: a model of others, or predictions in the data."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from driftloop.base.data_slices import DataSlice, Snapshot
from driftloop.base.errors import TrainingError
from driftloop.base.periods import Window, floor_to, parse_time, split_window
from driftloop.base.scores import Score, named_score
from driftloop.base.windows import EARLIEST
from driftloop.comparison.compare import score_alone
from driftloop.decision.window_analysis import check_window_quality
from driftloop.performance.target import Classes, Quantity, Target, find_classes
from driftloop.profiling.reference_column import UnreadableColumn
from driftloop.profiling.reference_profile import Profile
from driftloop.profiling.stationarity import LEAST_WINDOWS
from driftloop.profiling.variation import windows_of
from driftloop.training.foreign import ForeignModel
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import predict_model
from tasks.monitoring.reference_profiles import open_profile
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.monitoring.tables import read_labelled, target_in
from tasks.registry.environment_lock import OF_ITS_OWN
from tasks.registry.lineage import data_tags, predicting
from tasks.registry.models import log_model, reader_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import version_with_key
from tasks.retraining.make import of_others, offered_model
from tasks.retraining.plan import OpenTraining, signed
from tasks.retraining.row_hashes import store_row_hashes
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import ParquetColumns, read_slice, slice_columns

_UP = timedelta(days=1) - timedelta(microseconds=1)
MOST_SCORED = 50_000
"""Labelled rows that the score of a reference is computed on, a sample of more."""


@step("adopt model", retries=2)
def adopt_model(job: Job, snapshot: Snapshot, opened: OpenTraining) -> tuple[str, str]:
    """Register a model that was not trained here as a version; return it, and a sentence on it.

    What served elsewhere has no model; an offered one is kept as it is. Its reference are the rows
    it was trained on where that is known; else, like the holdout that later predictions are
    compared with, the rows as of the job's moment, from where they hold still and without periods
    of a broken feed. A version that an attempt registered which was cut off is returned as it is.

    Raises:
        TrainingError: in a dry run, where there are too few rows, and where the offered model
            cannot be used.
    """
    registry, run_id = open_registry(job.workspace), opened.run_id
    if run_id is None:
        raise TrainingError("a dry run adopts no model")
    reference, holdout, notes = _slices(job, snapshot, run_id)
    target, model = _target_and_model(job, reference)
    score = _score(job, model, holdout, target)
    scored = ""
    if score is not None:
        rows = f"{score.rows:,} labelled ones {'of them' if holdout is reference else 'since'}"
        scored = f"; {named_score(score.metric, score.value)} on {rows}"
    sentence = f"Its reference: {reference.rows:,} rows from {reference.window}{notes}{scored}."
    sentence += "" if job.offered else " driftloop watches it and trains nothing."
    tags = predicting(data_tags(reference, holdout.window), target)
    tags = replace(signed(job, opened, tags), score=score, served=job.offered is None)
    model_id = None
    if isinstance(model, ForeignModel):
        store_row_hashes(job, run_id, read_labelled(job, reference, model), model)
        model_id = log_model(registry, run_id, of_others(model))
        tags = replace(tags, served=None, environment=OF_ITS_OWN.origin)
    with promotion_slot(job):  # another process of the same job may have registered it meanwhile
        version = version_with_key(registry, job.model, opened.key)
        return version or registry.register(job.model, run_id, model_id, tags), sentence


def _slices(job: Job, snapshot: Snapshot, run_id: str) -> tuple[DataSlice, DataSlice, str]:
    """Return the reference, the holdout, and what was left out of the reference, in words."""
    part = DataSlice(snapshot, Window(EARLIEST, job.labelled_window.end))
    until = job.offered.trained_until if job.offered else None
    if until is None:
        reference, notes = _still(job, _whole(job, part), run_id)
        return reference, reference, notes
    trained = _whole(job, replace(part, window=Window(EARLIEST, until)))
    held = _whole(job, replace(part, window=Window(until, part.window.end)))
    open_profile(job, trained, run_id)
    return trained, held, ", which it was trained on"


def _whole(job: Job, part: DataSlice) -> DataSlice:
    """Return a slice from its first row on, with its rows; raises `TrainingError` for too few."""
    times = _columns(job, part).times
    if len(times) < (least := job.config.drift.minimum_rows):
        raise TrainingError(
            f"there are {len(times):,} rows before {part.window.end:%Y-%m-%d}, and a reference "
            f"needs {least}: adopt a later moment"
        )
    begin = parse_time(times.min().astype("datetime64[us]").item())
    return replace(part, window=Window(begin, part.window.end), rows=len(times))


def _still(job: Job, part: DataSlice, run_id: str) -> tuple[DataSlice, str]:
    """Return the rows that later ones are compared with, and what was left out of them, in words.

    Where columns warm up or break, they are the part after the last break that leaves windows
    enough.
    """
    times, span, notes = _columns(job, part).times, job.config.windows.current, ""
    windows = windows_of(times, span)
    starts = [window.start for window in windows if span.before(window.end) == window.start]
    breaks = _breaks(job, open_profile(job, part, run_id))
    settled = [count for count in breaks if len(starts) - count >= LEAST_WINDOWS]
    if settled:
        notes = f", the first that hold still; the log begins on {part.window.start:%Y-%m-%d}"
        start = floor_to(starts[::-1][max(settled)] + _UP, span)
        part = replace(part, window=Window(start, part.window.end))
    broken = _broken(job, part, open_profile(job, part, run_id))
    if broken:
        part = replace(part, excluded=broken)
        open_profile(job, part, run_id)
        more = f" and {len(broken) - 1} more windows" if broken[1:] else ""
        notes += f", without the broken feed from {broken[0]}{more}"
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


def _target_and_model(job: Job, reference: DataSlice) -> tuple[Target, Any]:
    """Return what is predicted, and the model that is adopted, or the reader of what it said."""
    table = read_labelled(job, reference)
    if job.offered is not None:
        target = target_in(job, table)
        return target, offered_model(job, job.offered.uri, table, target)
    target = _target_without_labels(job, reference) if table.empty else target_in(job, table)
    return target, reader_of(job, target)


def _score(job: Job, model: Any, holdout: DataSlice, target: Target) -> Score | None:
    """Return how good the predictions of labelled rows are; None with too few of them."""
    table = read_labelled(job, holdout, model)
    if len(table) > MOST_SCORED:
        table = table.sample(MOST_SCORED, random_state=0).sort_index()
    if table.empty:
        return None
    scored = predict_model(job, model, table, target)
    if len(scored.y) < job.config.performance.minimum_rows:
        return None
    return score_alone(scored.y, scored.scored, job.config.comparison)


def _target_without_labels(job: Job, reference: DataSlice) -> Target:
    """Return what is predicted by the decisions; without them two classes are 0 and 1."""
    data, served = job.config.data, job.config.data.predictions
    if job.config.task == "regression":
        return Quantity()
    if served is None or served.decision is None:
        return Classes(("0", "1"))
    table = read_slice(reference, (served.decision,), data.time, job.workspace)
    return find_classes(table[served.decision].dropna(), data.positive)
