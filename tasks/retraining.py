"""The steps of a retraining after its plan: search, train, compare, record."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.compare import Predictions, compare
from driftloop.errors import RegistryError, TrainingError
from driftloop.importance import permutation_importances
from driftloop.labels import Classes, Codes, Probabilities
from driftloop.metrics import THRESHOLDED, metrics_of, score
from driftloop.periods import Window, readable
from driftloop.records import (
    Comparison,
    ModelVersion,
    Promotion,
    Refusal,
    RetrainRecord,
    Snapshot,
    TrainingPlan,
    to_json,
)
from driftloop.training import Examples, TrainingSettings, cut_of, predict, with_settings
from driftloop.tuning import called
from driftloop.validation import search
from driftloop.warm_start import Trained, train
from tasks.factory import step
from tasks.job import Job, code_version
from tasks.lock import environment_of
from tasks.models import Stored, log_model, model_of, register
from tasks.plots import confusion_matrix
from tasks.registry import (
    IMPORTANCES,
    Registry,
    data_tags,
    open_registry,
    registry_errors,
    score_tags,
    target_of,
)
from tasks.tables import examples, read_labelled, target_in
from tasks.training_plan import OpenTraining


@step("search settings", retries=2)
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that validated best in time order."""
    settings, features = job.config.training, job.config.features
    found = search(
        settings,
        _training_rows(job, plan),
        (features.numeric, features.categorical),
        job.config.comparison.metric,
    )
    return found.parameters


@step("train challenger", retries=2)
def train_challenger(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any]
) -> str:
    """Train, store and register the challenger; return its version.

    The version carries its lineage as tags. A version registered by an attempt that was cut off
    is returned as it is.
    """
    registry = open_registry(job.workspace)
    done = registry.version_of(job.model, opened.key)
    if done is not None:
        return done
    run_id = opened.run_id
    if run_id is None:
        raise TrainingError("a dry run trains no model")
    settings = _with_parameters(job, parameters)
    environment = environment_of(settings.estimator, job.workspace.root)
    rows = _training_rows(job, plan)
    trained = _trained(job, opened, settings, rows)
    model, sample = trained.model, rows.table.head(50)
    stored = Stored(model, sample, environment, settings.allowed_types)
    model_id = log_model(registry, run_id, stored)
    judged = examples(job, read_labelled(job, plan.holdout), rows.target)
    p = predict(model, judged.table, rows.target)
    first = compare(Predictions(judged.y, p, None), job.config.comparison).challenger
    tags = {
        **_job_tags(job, opened),
        **data_tags(plan.training, plan.holdout.window),
        **score_tags(first, rows.target),
        **_warm_tags(trained, opened),
        **environment.tags,
    }
    _log_training(registry, job, run_id, plan, _shown(settings, trained))
    _log_scores(registry, job, run_id, judged, (p, cut_of(model)))
    _log_importances(registry, job, run_id, model, judged)
    return register(registry, job.model, run_id, model_id, tags)


@step("compare on holdout", retries=2)
def compare_models(
    job: Job, opened: OpenTraining, plan: TrainingPlan, challenger: str
) -> Comparison:
    """Return champion against challenger on the frozen holdout.

    Raises:
        TrainingError: if the holdout overlaps what either model was trained on.
    """
    registry = open_registry(job.workspace)
    versions = [registry.version(job.model, challenger)]
    versions += [opened.champion] if opened.champion else []
    for version in versions:
        _check_disjoint(version, plan.holdout.window)
    table = read_labelled(job, plan.holdout)
    target = target_of(registry, job.model, challenger)
    rows = examples(job, table, target)
    p = [predict(model_of(job, version.version), rows.table, target) for version in versions]
    champion = p[1] if len(p) > 1 else None
    return compare(Predictions(rows.y, p[0], champion), job.config.comparison)


@step("record training", retries=2)
def record_training(job: Job, opened: OpenTraining, record: RetrainRecord) -> None:
    """Store the outcome of the training run in MLflow."""
    if opened.run_id is None:
        return
    comparison = record.comparison
    tags = {
        "trained": str(record.challenger is not None).lower(),
        "won": str(record.won).lower(),
        "promoted": str(bool(record.promotion and record.promotion.promoted)).lower(),
        "sentence": record.sentence[:500],
        "rev": record.rev,
    }
    metrics = {"as_of": job.as_of.timestamp()}
    if comparison is not None:
        metrics["holdout_rows"] = float(comparison.rows)
        if comparison.champion is not None and comparison.difference is not None:
            metrics[f"champion_{comparison.metric}"] = comparison.champion.value
            metrics["difference"] = comparison.difference
    tagged = {f"driftloop.{name}": value for name, value in tags.items()}
    open_registry(job.workspace).close_run(opened.run_id, tagged, metrics, record)


def _training_rows(job: Job, plan: TrainingPlan) -> Examples:
    table = read_labelled(job, plan.training)
    return examples(job, table, target_in(job, table))


def _with_parameters(job: Job, parameters: dict[str, Any]) -> TrainingSettings:
    settings = job.config.training
    estimator = with_settings(settings.estimator, parameters)
    return settings.model_copy(update={"estimator": estimator})


def _trained(job: Job, opened: OpenTraining, settings: TrainingSettings, rows: Examples) -> Trained:
    features, start = job.config.features, None
    if settings.warm_start and opened.champion is not None:
        start = model_of(job, opened.champion.version)
    both = (features.numeric, features.categorical)
    return train(settings, rows, both, job.config.comparison.metric, start)


def _job_tags(job: Job, opened: OpenTraining) -> dict[str, str]:
    return {
        "driftloop.key": opened.key,
        "driftloop.kind": opened.kind,
        "driftloop.as_of": job.as_of.isoformat(),
        "driftloop.config": job.config_hash,
        "driftloop.code": code_version(),
    }


def _warm_tags(trained: Trained, opened: OpenTraining) -> dict[str, str]:
    """Name the version that a warm-started one continued from, whose rows it has seen too."""
    if not trained.warm or opened.champion is None:
        return {}
    return {"driftloop.warm_start": opened.champion.version}


def _shown(settings: TrainingSettings, trained: Trained) -> dict[str, Any]:
    cut = cut_of(trained.model)
    return {
        **settings.estimator.model_dump(),
        "seed": settings.seed,
        "imbalance": settings.imbalance,
        "calibration": settings.calibration,
        "threshold": 0.5 if cut is None else cut,
        "start": trained.sentence,
    }


def _check_disjoint(version: ModelVersion, holdout: Window) -> None:
    if version.training is None:
        raise RegistryError(
            f"version {version.version} does not say what it was trained on, so no holdout can be "
            "proven fair"
        )
    if version.training.window.end > holdout.start:
        raise TrainingError(
            f"the holdout from {holdout} overlaps the training data of version {version.version}, "
            f"which end {readable(version.training.window.end)}: no fair comparison"
        )


def _log_training(
    registry: Registry,
    job: Job,
    run_id: str,
    plan: TrainingPlan,
    parameters: dict[str, Any],
) -> None:
    shown = {
        **parameters,
        "training_window": plan.training.window,
        "training_rows": plan.training.rows,
        "holdout_window": plan.holdout.window,
        "data_rev": plan.training.snapshot.rev,
        "config": job.config_hash,
    }
    files = {file.path: file.md5 for file in plan.training.snapshot.files}
    with registry_errors(registry.workspace):
        for name, value in shown.items():
            registry.client.log_param(run_id, name, str(value))
        registry.client.log_dict(run_id, files, "data/files.json")
        registry.client.log_dict(run_id, json.loads(to_json(plan)), "data/plan.json")
        registry.client.log_dict(run_id, job.config.model_dump(mode="json"), "config.json")


def _log_importances(
    registry: Registry, job: Job, run_id: str, model: Any, judged: Examples
) -> None:
    metric, seed = job.config.comparison.metric, job.config.training.seed
    weights = permutation_importances(model, judged, metric, seed)
    with registry_errors(registry.workspace):
        registry.client.log_dict(run_id, weights, IMPORTANCES)


def _log_scores(
    registry: Registry,
    job: Job,
    run_id: str,
    judged: Examples,
    predictions: tuple[Probabilities, float | None],
) -> None:
    p, cut = predictions
    calls = p if cut is None else called(p, cut)
    with registry_errors(registry.workspace):
        for name in metrics_of(job.config.task):
            value = score(name, judged.y, calls if name in THRESHOLDED else p)
            if np.isfinite(value):
                registry.client.log_metric(run_id, f"holdout_{name}", value)
    if isinstance(judged.target, Classes):
        _log_confusion(registry, run_id, judged.y, calls.argmax(axis=1), judged.target)


def _log_confusion(
    registry: Registry, run_id: str, y: Codes, guessed: npt.NDArray[Any], classes: Classes
) -> None:
    counts = [
        [int(((y == true) & (guessed == guess)).sum()) for guess in range(len(classes.names))]
        for true in range(len(classes.names))
    ]
    with registry_errors(registry.workspace):
        table = {"classes": list(classes.names), "rows_true_columns_predicted": counts}
        registry.client.log_dict(run_id, table, "confusion_matrix.json")
        figure = confusion_matrix(counts, classes.names)
        registry.client.log_figure(run_id, figure, "confusion_matrix.png")


def compose_record(
    job: Job,
    snapshot: Snapshot,
    opened: OpenTraining,
    reason: str,
    plan: TrainingPlan | None = None,
    parameters: dict[str, Any] | None = None,
    challenger: str | None = None,
    comparison: Comparison | None = None,
    promotion: Promotion | None = None,
    refusal: Refusal | None = None,
) -> RetrainRecord:
    """Return the record of a training; with a refusal nothing was promoted, and it says why."""
    previous = opened.champion.version if opened.champion else None
    if refusal is not None:
        promotion = Promotion(False, challenger or "", previous, refusal.sentence)
    return RetrainRecord(
        model=job.model,
        as_of=job.as_of,
        rev=snapshot.rev,
        reason=reason,
        challenger=challenger,
        run_id=opened.run_id,
        parameters=parameters or {},
        plan=plan,
        comparison=comparison,
        promotion=promotion,
        sentence=promotion.sentence if promotion else "",
    )
