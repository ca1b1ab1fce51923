"""Scores with hindsight: what versions would have scored on a window, all labels known."""

from driftloop.metrics import score
from driftloop.periods import Window
from driftloop.records import DataSlice
from driftloop.training import predict
from tasks.factory import step
from tasks.job import Job
from tasks.models import model_of
from tasks.registry import open_registry, target_of
from tasks.snapshots import snapshot_at
from tasks.tables import examples, read_labelled


@step("score versions")
def score_versions(job: Job, window: Window, versions: tuple[str, ...]) -> tuple[float, ...]:
    """Return the primary score of each version on the rows of a window, NaN where undefined."""
    registry = open_registry(job.workspace)
    table = read_labelled(job, DataSlice(snapshot_at(job, job.rev), window))
    found = []
    for version in versions:
        target = target_of(registry, job.model, version)
        rows = examples(job, table, target)
        p = predict(model_of(job, version), rows.table, target)
        found.append(score(job.config.comparison.metric, rows.y, p))
    return tuple(found)
