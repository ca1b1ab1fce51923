"""Scores of versions on a window with all labels known, as in a backtest."""

from driftloop.base.data_slices import DataSlice
from driftloop.base.periods import Window
from driftloop.performance.metrics import score
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import read_labelled
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.resolve import snapshot_at


@step("score versions")
def score_with_all_labels(job: Job, window: Window, versions: tuple[str, ...]) -> tuple[float, ...]:
    """Return the primary score of each version on the rows of a window, NaN where undefined."""
    metric = job.config.comparison.metric
    table = read_labelled(job, DataSlice(snapshot_at(job, job.rev), window))
    if table.empty:
        return tuple(float("nan") for _ in versions)
    scored = [predict_version(job, version, table) for version in versions]
    return tuple(score(metric, each.y, each.p, each.threshold) for each in scored)
