"""The steps of a retraining after its plan: search, train, record."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from driftloop.base.data_slices import Snapshot
from driftloop.base.errors import TrainingError
from driftloop.base.retrain_record import (
    ModelVersion,
    Promotion,
    Refusal,
    RetrainRecord,
    TrainingPlan,
)
from driftloop.base.tags import RunTags, VersionTags
from driftloop.comparison.compare import score_alone
from driftloop.performance.target import Quantity
from driftloop.training.training import Examples, TrainingSettings, threshold_of, with_settings
from driftloop.training.validation import search
from driftloop.training.warm_start import TrainedModel, train
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import LabelledPredictions, predict_model
from tasks.monitoring.tables import read_labelled, target_in, weighted_examples
from tasks.registry.environment_lock import environment_of
from tasks.registry.lineage import data_tags, with_score
from tasks.registry.models import COMPARED, StoredModel, log_model, model_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import version_with_key
from tasks.retraining.log import log_importances, log_scores, log_training
from tasks.retraining.model_card import store_label_shares, store_model_card
from tasks.retraining.plan import OpenTraining, signed
from tasks.retraining.row_hashes import COMPARED_FILE, store_row_hashes
from tasks.runtime.clock import run_time
from tasks.runtime.job import Job
from tasks.runtime.progress import progress
from tasks.runtime.step import step


@step("search settings", retries=2)
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that scored best in time-ordered validation."""
    config, table = job.config, read_labelled(job, plan.training)
    rows = weighted_examples(job, table, target_in(job, table), plan.half_life)
    metric, on_trial = config.comparison.metric, progress(job.model, "search settings")
    return search(config.training, rows, config.features.by_type, metric, on_trial)[0].parameters


@step("train challenger", retries=2)
def train_challenger(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any]
) -> str:
    """Train, store and register the challenger; return its version.

    Where `plan` says so, the version that is to serve is refitted on the holdout, too, and the run
    keeps the model to compare beside it: all scores are that one's. The version carries its lineage
    as tags, and its run the hashes of the training rows. A version registered by an attempt that
    was cut off is returned as it is.
    """
    registry = open_registry(job.workspace)
    registered = version_with_key(registry, job.model, opened.key)
    if registered is not None:
        return registered
    run_id = opened.run_id
    if run_id is None:
        raise TrainingError("a dry run trains no model")
    model_id, tags = _train_and_store(job, opened, plan, parameters, run_id)
    with promotion_slot(job):  # another process of the same job may have registered it meanwhile
        registered = version_with_key(registry, job.model, opened.key)
        return registered or registry.register(job.model, run_id, model_id, tags)


def _train_and_store(
    job: Job, opened: OpenTraining, plan: TrainingPlan, parameters: dict[str, Any], run_id: str
) -> tuple[str, VersionTags]:
    """Return the id of the stored model that is to serve, and the tags of its version."""
    registry = open_registry(job.workspace)
    estimator = with_settings(job.config.training.estimator, parameters)
    settings = job.config.training.model_copy(update={"estimator": estimator})
    environment = environment_of(settings.estimator, job.workspace.root)
    table, holdout = read_labelled(job, plan.training), read_labelled(job, plan.holdout)
    rows = weighted_examples(job, table, target_in(job, table), plan.half_life)
    trained = _fit(job, opened, settings, rows)
    stored = StoredModel(trained.model, rows.table.head(50), environment, settings.allowed_types)
    scored = predict_model(job, trained.model, holdout, rows.target)
    tags = _version_tags(job, opened, plan, scored)
    if plan.refit:
        compared = log_model(registry, run_id, stored, COMPARED)
        store_row_hashes(job, run_id, table, _start(opened, trained), COMPARED_FILE)
        tags = replace(tags, compared_model=compared, compared_end=plan.training.window.end)
        seen = pd.concat([table, holdout], ignore_index=True)
        every = weighted_examples(job, seen, rows.target, plan.half_life)
        trained = _fit(job, opened, settings, _of_known_classes(every))
        stored = replace(stored, model=trained.model)
    model_id, start = log_model(registry, run_id, stored), _start(opened, trained)
    store_row_hashes(job, run_id, seen if plan.refit else table, start)
    log_training(job, run_id, plan, _logged_parameters(settings, trained))
    log_scores(job, run_id, scored)
    log_importances(job, run_id, scored)
    store_label_shares(job, run_id, table, holdout)
    tags = replace(
        tags,
        environment=environment.origin,
        lock_sha256=environment.lock_sha256,
        warm_start=start.version if start else None,
    )
    return model_id, tags


@step("record training", retries=2)
def record_training(
    job: Job, opened: OpenTraining, record: RetrainRecord, by_hand: bool = False
) -> None:
    """Store the outcome of the training run in MLflow."""
    if opened.run_id is None:
        return
    comparison, (recorded_at, seconds) = record.comparison, run_time()
    tags = RunTags(
        kind=opened.kind,
        key=opened.key,
        as_of=job.as_of,
        champion=opened.champion.version if opened.champion else "",
        trained=record.challenger is not None,
        won=record.won,
        by_hand=by_hand,
        promoted=bool(record.promotion and record.promotion.promoted),
        sentence=record.sentence[:500],
        gained=comparison.gained if comparison else None,
        value=comparison.value if comparison else None,
        rev=record.rev,
        recorded_at=recorded_at,
        seconds=seconds,
    )
    metrics = {"as_of": job.as_of.timestamp()}
    if comparison is not None:
        metrics["holdout_rows"] = float(comparison.rows)
        if comparison.champion is not None and comparison.difference is not None:
            metrics[f"champion_{comparison.metric}"] = comparison.champion.value
            metrics["difference"] = comparison.difference
    store_model_card(job, record, opened.champion)
    open_registry(job.workspace).close_run(opened.run_id, tags, metrics, record)


def _fit(
    job: Job, opened: OpenTraining, settings: TrainingSettings, rows: Examples
) -> TrainedModel:
    config, start = job.config, None
    if settings.warm_start and opened.champion is not None:
        start = model_of(job, opened.champion.version)
    return train(settings, rows, config.features.by_type, config.comparison.metric, start)


def _start(opened: OpenTraining, trained: TrainedModel) -> ModelVersion | None:
    """Return the version that a model continued from, whose rows it has seen, too."""
    return opened.champion if trained.warm else None


def _of_known_classes(rows: Examples) -> Examples:
    """Return the rows without those of a class that the training rows do not have."""
    if isinstance(rows.target, Quantity) or (rows.y >= 0).all():
        return rows
    return rows.rows(np.flatnonzero(rows.y >= 0))


def _version_tags(
    job: Job, opened: OpenTraining, plan: TrainingPlan, scored: LabelledPredictions
) -> VersionTags:
    """Return the lineage of a version: data, windows, configuration, code, run, score."""
    score = score_alone(scored.y, scored.scored, job.config.comparison)
    tags = signed(job, opened, data_tags(plan.serving, plan.holdout.window))
    return with_score(tags, score, scored.target)


def _logged_parameters(settings: TrainingSettings, trained: TrainedModel) -> dict[str, Any]:
    threshold = threshold_of(trained.model)
    return {
        **settings.estimator.model_dump(),
        "seed": settings.seed,
        "imbalance": settings.imbalance,
        "calibration": settings.calibration,
        "threshold": 0.5 if threshold is None else threshold,
        "start": trained.sentence,
    }


def start_record(job: Job, snapshot: Snapshot, opened: OpenTraining, reason: str) -> RetrainRecord:
    """Return the record of a training that has just begun."""
    return RetrainRecord(
        model=job.model,
        as_of=job.as_of,
        rev=snapshot.rev,
        reason=reason,
        challenger=None,
        run_id=opened.run_id,
        parameters={},
        plan=None,
        comparison=None,
        promotion=None,
        sentence="",
    )


def refused(record: RetrainRecord, opened: OpenTraining, refusal: Refusal) -> RetrainRecord:
    """Return the record of a training that promoted nothing, with the reason."""
    champion = opened.champion.version if opened.champion else None
    promotion = Promotion(False, record.challenger or "", champion, refusal.sentence)
    return replace(record, promotion=promotion, sentence=refusal.sentence)
