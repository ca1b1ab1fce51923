"""The steps of a monitoring run in their order, shared by the flow and by rehearsals."""

from collections.abc import Callable
from dataclasses import replace

from driftloop.base.records import MonitorRecord, RetrainRecord
from tasks.monitoring.steps import (
    OpenRun,
    examine_window,
    judge_and_decide,
    measure_performance,
    open_monitor_run,
    record_monitor_run,
)
from tasks.monitoring.windows import choose_slices
from tasks.promotion.trials import continue_trials
from tasks.runtime.job import Job
from tasks.snapshots.resolve import resolve_snapshot

Tell = Callable[[OpenRun, MonitorRecord], None]
Retrain = Callable[[OpenRun, MonitorRecord], RetrainRecord]


def watch(job: Job, tell: Tell, retrain: Retrain) -> MonitorRecord:
    """Return what a monitoring run found, decided and did.

    Args:
        job: the model and the moment it is looked at.
        tell: is called with the decision, before anything follows from it.
        retrain: is called where the decision is to retrain.
    """
    snapshot = resolve_snapshot(job)
    run = open_monitor_run(job, snapshot)
    slices = choose_slices(job, snapshot, run.champion)
    examination = examine_window(job, run, slices)
    realised = measure_performance(job, slices, run.champion)
    trials = continue_trials(job, run.champion, slices.labelled, realised.performance)
    record = judge_and_decide(job, run, snapshot.rev, examination, realised, trials)
    tell(run, record)
    if record.decision.action == "retrain" and not job.dry_run:
        record = replace(record, retrain=retrain(run, record))
    record_monitor_run(job, run, record)
    return record
