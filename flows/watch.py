"""The steps of a monitoring run in their order, shared by the monitor flow and backtests."""

from collections.abc import Callable
from dataclasses import replace

from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.drift.detectors import require_engine
from tasks.monitoring.realised_performance import measure_performance
from tasks.monitoring.steps import (
    OpenRun,
    examine_window,
    judge_and_decide,
    look_back,
    open_monitor_run,
    record_monitor_run,
)
from tasks.monitoring.windows import choose_slices
from tasks.promotion.trials import continue_trials
from tasks.runtime.job import Job
from tasks.snapshots.resolve import resolve_snapshot

Announce = Callable[[OpenRun, MonitorRecord], None]
Retrain = Callable[[OpenRun, MonitorRecord], RetrainRecord]


def watch(job: Job, announce: Announce, retrain: Retrain) -> MonitorRecord:
    """Monitor a model and return the record of what was found, decided and done.

    `announce` is called with the decision, before it is carried out; `retrain` if it is to retrain.
    """
    require_engine(job.config.drift.engine)
    snapshot = resolve_snapshot(job)
    run = open_monitor_run(job, snapshot)
    slices = choose_slices(job, snapshot, run.champion)
    examination = examine_window(job, run, slices)
    realised = measure_performance(job, slices, run.champion, run.history)
    trials = continue_trials(job, run.champion, slices.labelled, realised.performance)
    began = look_back(job, snapshot, run, examination)
    record = judge_and_decide(job, run, snapshot.rev, examination, realised, trials, began)
    announce(run, record)
    if record.decision.action == "retrain" and not job.dry_run:
        record = replace(record, retrain=retrain(run, record))
    record_monitor_run(job, run, record)
    return record
