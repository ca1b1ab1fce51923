"""The steps of a retraining after its plan: search, train, record."""

from dataclasses import replace
from typing import Any

import pandas as pd

from driftloop.base.data_slices import Snapshot
from driftloop.base.errors import TrainingError
from driftloop.base.retrain_record import Promotion, Refusal, RetrainRecord, TrainingPlan
from driftloop.base.tags import RunTags, VersionTags
from driftloop.comparison.compare import score_alone
from driftloop.training.validation import search
from tasks.coordination.slots import promotion_slot
from tasks.monitoring.predict import LabelledPredictions, predict_model
from tasks.monitoring.tables import read_labelled, target_in, weighted_examples
from tasks.registry.lineage import data_tags, with_score
from tasks.registry.models import COMPARED, log_model
from tasks.registry.opening import open_registry
from tasks.registry.protocol import version_with_key
from tasks.retraining.log import log_importances, log_scores, log_training
from tasks.retraining.make import make_model
from tasks.retraining.model_card import store_label_shares, store_model_card
from tasks.retraining.plan import OpenTraining, signed
from tasks.retraining.row_hashes import COMPARED_FILE, store_row_hashes
from tasks.runtime.clock import run_time
from tasks.runtime.job import Job
from tasks.runtime.progress import progress
from tasks.runtime.step import step


@step("search settings", retries=2)
def search_settings(job: Job, plan: TrainingPlan) -> dict[str, Any]:
    """Return the estimator settings that scored best in time-ordered validation.

    A model that is trained elsewhere has none, but for the parameters of a job.
    """
    config, by_job = job.config, job.config.training.job
    if job.offered is not None or by_job is not None:
        return dict(by_job.parameters) if by_job and job.offered is None else {}
    table = read_labelled(job, plan.training)
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
    table, holdout = read_labelled(job, plan.training), read_labelled(job, plan.holdout)
    target = target_in(job, table)
    made = make_model(job, opened, plan, parameters, table, target, "compare")
    scored = predict_model(job, made.model, holdout, target)
    tags = _version_tags(job, opened, plan, scored)
    if plan.refit:
        compared = log_model(registry, run_id, made.stored, COMPARED)
        store_row_hashes(job, run_id, made.rows, made.model, made.start, COMPARED_FILE)
        tags = replace(tags, compared_model=compared, compared_end=plan.training.window.end)
        seen = pd.concat([table, holdout], ignore_index=True)
        made = make_model(job, opened, plan, parameters, seen, target, "serve")
    model_id, environment = log_model(registry, run_id, made.stored), made.stored.environment
    store_row_hashes(job, run_id, made.rows, made.model, made.start)
    log_training(job, run_id, plan, made.parameters)
    log_scores(job, run_id, scored)
    log_importances(job, run_id, scored)
    store_label_shares(job, run_id, table, holdout)
    tags = replace(
        tags,
        environment=environment.origin,
        lock_sha256=environment.lock_sha256,
        warm_start=made.start.version if made.start else None,
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


def _version_tags(
    job: Job, opened: OpenTraining, plan: TrainingPlan, scored: LabelledPredictions
) -> VersionTags:
    """Return the lineage of a version: data, windows, configuration, code, run, score."""
    score = score_alone(scored.y, scored.scored, job.config.comparison)
    tags = signed(job, opened, data_tags(plan.serving, plan.holdout.window))
    return with_score(tags, score, scored.target)


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
    short, sentence = refusal.short, refusal.sentence
    return replace(record, promotion=promotion, sentence=sentence, short=short)
