"""The steps of a retraining after its plan: search, train, compare, record."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.compare import Predictions, compare
from driftloop.errors import RegistryError, TrainingError
from driftloop.importance import permutation_importances
from driftloop.labels import Classes
from driftloop.metrics import score, valid_metrics
from driftloop.periods import Window, readable
from driftloop.records import (
    Comparison,
    ModelVersion,
    Promotion,
    Refusal,
    RetrainRecord,
    Snapshot,
    TrainingPlan,
)
from driftloop.training import Examples, fit, predict, search, with_settings
from tasks.factory import step
from tasks.gate_evidence import cut_of, gate_evidence
from tasks.job import Job, code_version
from tasks.models import load_model, log_model
from tasks.plots import confusion_matrix
from tasks.registry import (
    IMPORTANCES,
    Registry,
    classes_of,
    data_tags,
    open_registry,
    score_tags,
    version_with_key,
)
from tasks.tables import classes_in, examples, read_labelled
from tasks.training_plan import OpenTraining


@step("search settings", retries=2)
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that validated best in time order."""
    settings, features = job.config.training, job.config.features
    table, classes = _training_table(job, plan)
    trials = search(
        settings,
        examples(job, table, classes),
        (features.numeric, features.categorical),
        job.config.comparison.metric,
    )
    return trials[0].parameters


@step("train challenger", retries=2)
def train_challenger(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any]
) -> str:
    """Train, store and register the challenger; return its version.

    The version carries its lineage as tags. A version registered by an attempt that was cut off
    is returned as it is.
    """
    registry = open_registry(job.workspace)
    done = version_with_key(registry, job.model, opened.key)
    if done is not None:
        return done
    run_id = opened.run_id
    if run_id is None:
        raise TrainingError("a dry run trains no model")
    features, settings = job.config.features, job.config.training
    table, classes = _training_table(job, plan)
    rows = examples(job, table, classes)
    estimator = with_settings(settings.estimator, parameters)
    model = fit(estimator, rows, features.numeric, features.categorical, settings.seed)
    sample = rows.table.head(50)
    model_id = log_model(registry, run_id, model, sample, model.predict(sample))
    held = read_labelled(job, plan.holdout)
    judged = examples(job, held, classes)
    p = predict(model, judged.table, classes)
    first = compare(Predictions(judged.y, p, None), job.config.comparison).challenger
    tags = {
        "driftloop.key": opened.key,
        "driftloop.kind": opened.kind,
        "driftloop.as_of": job.as_of.isoformat(),
        "driftloop.config": job.config_hash,
        "driftloop.code": code_version(),
        **data_tags(plan.training, plan.holdout.window),
        **score_tags(first, classes),
    }
    _log_training(registry, job, run_id, plan, {**estimator.model_dump(), "seed": settings.seed})
    _log_scores(registry, run_id, judged.y, p, classes)
    _log_importances(registry, job, run_id, model, judged)
    return registry.register(job.model, run_id, model_id, tags)


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
    classes = classes_of(registry, job.model, challenger)
    y = classes.codes(table[job.config.data.label])
    rows = examples(job, table, classes)
    models = [load_model(registry, job.model, version.version) for version in versions]
    p = [predict(model, rows.table, classes) for model in models]
    cuts = cut_of(models[0]), cut_of(models[1]) if len(models) > 1 else None
    predictions = Predictions(y, p[0], p[1] if len(p) > 1 else None, cuts)
    shown = gate_evidence(
        job, registry, predictions, (rows.table, table), versions, models, classes
    )
    return compare(predictions, job.config.comparison, evidence=shown)


@step("record training", retries=2)
def record_training(
    job: Job, opened: OpenTraining, record: RetrainRecord, by_hand: bool = False
) -> None:
    """Store the outcome of the training run in MLflow."""
    if opened.run_id is None:
        return
    comparison = record.comparison
    tags = {
        "trained": str(record.challenger is not None).lower(),
        "won": str(record.won).lower(),
        "by_hand": str(by_hand).lower(),
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
    open_registry(job.workspace).close_run(opened.run_id, tags, metrics, record)


def _training_table(job: Job, plan: TrainingPlan) -> tuple[pd.DataFrame, Classes]:
    table = read_labelled(job, plan.training)
    return table, classes_in(job, table)


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
    written = {
        "data/files.json": files,
        "data/plan.json": plan,
        "config.json": job.config.model_dump(mode="json"),
    }
    registry.log(run_id, params=shown, files=written)


def _log_importances(
    registry: Registry, job: Job, run_id: str, model: Any, judged: Examples
) -> None:
    metric, seed = job.config.comparison.metric, job.config.training.seed
    weights = permutation_importances(model, judged, metric, seed)
    registry.log(run_id, files={IMPORTANCES: weights})


def _log_scores(
    registry: Registry, run_id: str, y: npt.NDArray[Any], p: npt.NDArray[Any], classes: Classes
) -> None:
    scores = {
        name: score(name, y, p)
        for name in valid_metrics("binary" if classes.binary else "multiclass")
    }
    called = p.argmax(axis=1)
    counts = [
        [int(((y == true) & (called == guess)).sum()) for guess in range(len(classes.names))]
        for true in range(len(classes.names))
    ]
    table = {"classes": list(classes.names), "rows_true_columns_predicted": counts}
    registry.log(
        run_id,
        metrics={f"holdout_{name}": value for name, value in scores.items() if np.isfinite(value)},
        files={"confusion_matrix.json": table},
    )
    registry.log_figure(run_id, confusion_matrix(counts, classes.names), "confusion_matrix.png")


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
