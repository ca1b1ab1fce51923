"""The comparison of a challenger with the champion on the frozen holdout."""

from driftloop.base.errors import RegistryError, TrainingError
from driftloop.base.periods import Window, format_time
from driftloop.base.records import ModelVersion, TrainingPlan
from driftloop.base.scores import Comparison
from driftloop.comparison.compare import Predictions, compare
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import read_labelled
from tasks.registry.lineage import target_of
from tasks.registry.opening import open_registry
from tasks.retraining.gate_evidence import gate_evidence
from tasks.retraining.plan import OpenTraining
from tasks.retraining.row_hashes import check_holdout_unseen
from tasks.runtime.job import Job
from tasks.runtime.step import step


@step("compare on holdout", retries=2)
def compare_models(
    job: Job, opened: OpenTraining, plan: TrainingPlan, challenger: str
) -> Comparison:
    """Return champion against challenger on the frozen holdout.

    Raises:
        TrainingError: if the holdout overlaps either model's training data, in time or by row.
        RegistryError: if a version does not say what it was trained on.
    """
    registry = open_registry(job.workspace)
    versions = [registry.version(job.model, challenger)]
    versions += [opened.champion] if opened.champion else []
    for version in versions:
        _check_before(version, plan.holdout.window)
    table = read_labelled(job, plan.holdout)
    check_holdout_unseen(job, versions, table)
    target = target_of(registry, job.model, challenger)
    scored = [predict_version(job, version.version, table, target) for version in versions]
    new, old = scored[0], scored[1] if len(scored) > 1 else None
    thresholds = new.threshold, old.threshold if old else None
    predictions = Predictions(new.y, new.p, old.p if old else None, thresholds)
    models = [predicted.model for predicted in scored]
    tables = new.features, table
    evidence = gate_evidence(job, registry, predictions, tables, versions, models, target)
    return compare(predictions, job.config.comparison, evidence=evidence)


def _check_before(version: ModelVersion, holdout: Window) -> None:
    if version.training is None:
        raise RegistryError(
            f"version {version.version} does not say what it was trained on, so no holdout can be "
            "shown to be fair"
        )
    if version.training.window.end > holdout.start:
        raise TrainingError(
            f"the holdout from {holdout} overlaps the training data of version {version.version}, "
            f"which end {format_time(version.training.window.end)}: no fair comparison"
        )
