"""The steps of a training in their order, shared by the retrain and bootstrap flows."""

from dataclasses import replace

from driftloop.base.data_slices import Snapshot
from driftloop.base.errors import DataError, TrainingError
from driftloop.base.retrain_record import Refusal, RetrainRecord
from driftloop.drift.detectors import require_engine
from tasks.monitoring.drift_start import find_drift_start
from tasks.promotion.approval import ask_for_approval
from tasks.promotion.promote import promote, promote_adopted
from tasks.retraining.adopt import adopt_model
from tasks.retraining.compare import compare_models
from tasks.retraining.plan import OpenTraining, open_training, plan_training
from tasks.retraining.train import (
    record_training,
    refused,
    search_settings,
    start_record,
    train_challenger,
)
from tasks.runtime.job import Job
from tasks.snapshots.resolve import resolve_snapshot


def challenge(
    job: Job,
    kind: str,
    reason: str,
    champion: str | None,
    by_hand: bool = False,
    routine: bool = False,
) -> RetrainRecord:
    """Train a challenger, compare it with the champion, and return the record.

    If no model can be trained or compared, the record says so and the champion stays. A service
    that does not answer is an error, and the run can be repeated.
    """
    require_engine(job.config.drift.engine)
    snapshot = resolve_snapshot(job)
    opened = open_training(job, snapshot, kind, champion)
    record = replace(start_record(job, snapshot, opened, reason), routine=routine)
    try:
        record = _train_and_compare(job, snapshot, opened, record)
    except (TrainingError, DataError) as error:
        record = refused(record, opened, Refusal(f"{error}."))
    record_training(job, opened, record, by_hand)
    return record


def _train_and_compare(
    job: Job, snapshot: Snapshot, opened: OpenTraining, record: RetrainRecord
) -> RetrainRecord:
    champion = opened.champion
    if not job.config.trained_here or (job.offered and opened.kind == "bootstrap"):
        version, sentence = adopt_model(job, snapshot, opened)
        adopted = promote_adopted(job, opened.key, version, sentence)
        return replace(record, challenger=version, promotion=adopted, sentence=adopted.sentence)
    changed = find_drift_start(job, snapshot, champion) if champion else None
    plan = plan_training(job, snapshot, opened, changed)
    if isinstance(plan, Refusal):
        return refused(record, opened, plan)
    if job.dry_run:
        dry_run = Refusal(f"Dry run, nothing was trained. {plan.sentence}")
        return refused(replace(record, plan=plan), opened, dry_run)
    parameters = search_settings(job, plan)
    challenger = train_challenger(job, opened, plan, parameters)
    comparison = compare_models(job, opened, plan, challenger)
    expected = champion.version if champion else None
    promotion = promote(job, opened.key, challenger, expected, comparison)
    promotion = replace(promotion, form=ask_for_approval(job, promotion))
    return replace(
        record,
        challenger=challenger,
        parameters=parameters,
        plan=plan,
        comparison=comparison,
        promotion=promotion,
        sentence=promotion.sentence,
    )
