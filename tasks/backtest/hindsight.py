"""Scores with hindsight: what versions would have scored on a window, all labels known."""

from driftloop.base.periods import Window
from driftloop.base.records import DataSlice
from driftloop.performance.metrics import score
from tasks.monitoring.predict import forecast
from tasks.monitoring.tables import read_labelled
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.resolve import snapshot_at


@step("score versions")
def score_versions(job: Job, window: Window, versions: tuple[str, ...]) -> tuple[float, ...]:
    """Return the primary score of each version on the rows of a window, NaN where undefined."""
    metric = job.config.comparison.metric
    table = read_labelled(job, DataSlice(snapshot_at(job, job.rev), window))
    if table.empty:
        return tuple(float("nan") for _ in versions)
    found = []
    for version in versions:
        at = forecast(job, version, table)
        found.append(score(metric, at.y, at.p, at.threshold))
    return tuple(found)
