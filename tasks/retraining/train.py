"""The steps of a retraining after its plan: search, train, record."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from driftloop.base.errors import TrainingError
from driftloop.base.records import (
    Comparison,
    Promotion,
    Refusal,
    RetrainRecord,
    Snapshot,
    TrainingPlan,
)
from driftloop.comparison.compare import score_alone
from driftloop.training.training import Examples, TrainingSettings, threshold_of, with_settings
from driftloop.training.validation import search
from driftloop.training.warm_start import TrainedModel, train
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import Forecast, forecast_of
from tasks.monitoring.tables import examples, read_labelled, target_in
from tasks.registry.environment_lock import environment_of
from tasks.registry.ledger import writer
from tasks.registry.models import Stored, log_model, model_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import data_tags, score_tags, version_with_key
from tasks.retraining.log import log_importances, log_scores, log_training
from tasks.retraining.model_card import keep_card, keep_shares
from tasks.retraining.plan import OpenTraining
from tasks.retraining.training_rows import keep_witness
from tasks.runtime.clock import stamps
from tasks.runtime.job import Job, code_version
from tasks.runtime.progress import progress
from tasks.runtime.step import step


@step("search settings", retries=2)
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that validated best in time order."""
    settings, features = job.config.training, job.config.features
    match = search(
        settings,
        _training_rows(job, read_labelled(job, plan.training)),
        (features.numeric, features.categorical),
        job.config.comparison.metric,
        progress(job, "search settings"),
    )
    return match.parameters


@step("train challenger", retries=2)
def train_challenger(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any]
) -> str:
    """Train, store and register the challenger; return its version.

    The version carries its lineage as tags, and its run which rows it saw. A version registered by
    an attempt that was cut off is returned as it is.
    """
    registry = open_registry(job.workspace)
    done = version_with_key(registry, job.model, opened.key)
    if done is not None:
        return done
    run_id = opened.run_id
    if run_id is None:
        raise TrainingError("a dry run trains no model")
    settings = _with_parameters(job, parameters)
    environment = environment_of(settings.estimator, job.workspace.root)
    table = read_labelled(job, plan.training)
    rows = _training_rows(job, table)
    trained = _trained(job, opened, settings, rows)
    stored = Stored(trained.model, rows.table.head(50), environment, settings.allowed_types)
    model_id = log_model(registry, run_id, stored)
    keep_witness(job, run_id, table, opened.champion if trained.warm else None)
    held = read_labelled(job, plan.holdout)
    judged = forecast_of(job, trained.model, held, rows.target)
    log_training(job, run_id, plan, _shown(settings, trained))
    keep_shares(job, run_id, table, held)
    log_scores(job, run_id, judged)
    log_importances(job, run_id, judged)
    tags = _version_tags(job, opened, plan, judged, environment.tags)
    if trained.warm and opened.champion is not None:
        tags["driftloop.warm_start"] = opened.champion.version
    return _register_once(job, opened, (run_id, model_id), tags)


def _register_once(
    job: Job, opened: OpenTraining, stored: tuple[str, str], tags: dict[str, str]
) -> str:
    """Register the stored model, unless another process of the same job was faster."""
    registry = open_registry(job.workspace)
    with promotion_slot(job):
        done = version_with_key(registry, job.model, opened.key)
        return done or registry.register(job.model, *stored, tags)


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
        **stamps(),
    }
    metrics = {"as_of": job.as_of.timestamp()}
    if comparison is not None:
        metrics["holdout_rows"] = float(comparison.rows)
        if comparison.champion is not None and comparison.difference is not None:
            metrics[f"champion_{comparison.metric}"] = comparison.champion.value
            metrics["difference"] = comparison.difference
    keep_card(job, record, opened.champion)
    open_registry(job.workspace).close_run(opened.run_id, tags, metrics, record)


def _training_rows(job: Job, table: pd.DataFrame) -> Examples:
    return examples(job, table, target_in(job, table))


def _with_parameters(job: Job, parameters: dict[str, Any]) -> TrainingSettings:
    settings = job.config.training
    estimator = with_settings(settings.estimator, parameters)
    return settings.model_copy(update={"estimator": estimator})


def _trained(
    job: Job, opened: OpenTraining, settings: TrainingSettings, rows: Examples
) -> TrainedModel:
    features, start = job.config.features, None
    if settings.warm_start and opened.champion is not None:
        start = model_of(job, opened.champion.version)
    both = (features.numeric, features.categorical)
    return train(settings, rows, both, job.config.comparison.metric, start)


def _version_tags(
    job: Job,
    opened: OpenTraining,
    plan: TrainingPlan,
    judged: Forecast,
    environment: Mapping[str, str],
) -> dict[str, str]:
    """Return the lineage of a version: data, windows, configuration, code, run, score."""
    first = score_alone(judged.y, judged.scored, job.config.comparison)
    return {
        "driftloop.key": opened.key,
        "driftloop.kind": opened.kind,
        "driftloop.as_of": job.as_of.isoformat(),
        "driftloop.config": job.config_hash,
        "driftloop.code": code_version(),
        "driftloop.by": writer(),
        **data_tags(plan.training, plan.holdout.window),
        **score_tags(first, judged.target),
        **environment,
    }


def _shown(settings: TrainingSettings, trained: TrainedModel) -> dict[str, Any]:
    threshold = threshold_of(trained.model)
    return {
        **settings.estimator.model_dump(),
        "seed": settings.seed,
        "imbalance": settings.imbalance,
        "calibration": settings.calibration,
        "threshold": 0.5 if threshold is None else threshold,
        "start": trained.sentence,
    }


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
