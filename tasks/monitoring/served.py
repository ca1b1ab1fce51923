"""Served predictions of a window: whether they were logged."""

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError
from driftloop.base.findings import CheckStatus, QualityFinding
from driftloop.base.retrain_record import ModelVersion
from driftloop.profiling.finding_text import format_share
from driftloop.training.served import ServedPredictions, logged
from tasks.monitoring.joint_and_prediction_drift import all_predictions
from tasks.registry.lineage import target_of
from tasks.registry.models import reader_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns, slice_columns

CHECK, RISE = "served", 0.1
"""Name of the check, and the rise of the share of rows without a prediction that fails."""


def check_logging(
    job: Job, current: ParquetColumns, champion: ModelVersion, holdout: DataSlice | None
) -> tuple[QualityFinding, ...]:
    """Return how many rows of the window have no usable served prediction; none if none serve.

    Failed where their share rises by more than `RISE` over that of the champion's holdout.
    """
    served = job.config.data.predictions
    if served is None or not current.rows:
        return ()
    column = served.score or served.decision
    before, now = 0.0, 1.0
    try:
        if holdout is not None:
            part = slice_columns(holdout, job.config.data.time, job.workspace)
            before = _unlogged(job, champion, part) / max(part.rows, 1)
        rows = _unlogged(job, champion, current)
    except (DataError, TrainingError) as error:
        return (QualityFinding(CHECK, column, "failed", f"{error}.", now, RISE),)
    now = rows / current.rows
    sentence = (
        f"`{column}` holds no prediction that can be used in {rows:,} of {current.rows:,} rows "
        f"({format_share(now)}; {format_share(before)} in the reference)."
    )
    status: CheckStatus = "failed" if now - before > RISE else "ok"
    return (QualityFinding(CHECK, column, status, sentence, now, before + RISE),)


def _unlogged(job: Job, champion: ModelVersion, columns: ParquetColumns) -> int:
    target = target_of(open_registry(job.workspace), job.model, champion.version)
    reader: ServedPredictions = reader_of(job, target)
    return int((~logged(reader, all_predictions(job, reader, target, columns))).sum())
