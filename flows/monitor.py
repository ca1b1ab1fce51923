"""The monitoring flow: look at a window, judge it, tell people, and retrain where warranted."""

from dataclasses import replace
from datetime import datetime

from prefect import flow, tags

from driftloop.records import MonitorRecord, RetrainRecord
from flows.naming import moment, run_name
from flows.retrain import retrain
from tasks.alerts import deliver_alerts, undelivered, write_alert
from tasks.job import Job
from tasks.monitoring import (
    OpenRun,
    examine_window,
    judge_and_decide,
    measure_performance,
    open_monitor_run,
    record_monitor_run,
)
from tasks.setup import prepare_job
from tasks.snapshots import resolve_snapshot
from tasks.windows import choose_slices


@flow(name="monitor", flow_run_name=run_name)
def monitor(
    model: str,
    as_of: datetime | None = None,
    rev: str | None = None,
    dry_run: bool = False,
    workspace: str | None = None,
) -> MonitorRecord:
    """Compare a model's newest window with its champion's reference and act on the verdict.

    Args:
        model: name of a configuration in `configs/`.
        as_of: the moment to look from; the scheduled time of the run if left out.
        rev: commit, branch or tag of the data; the configured one if left out.
        dry_run: decide and report, but change nothing and tell nobody.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, moment(as_of), rev, dry_run, workspace)
        snapshot = resolve_snapshot(job)
        run = open_monitor_run(job, snapshot)
        slices = choose_slices(job, snapshot, run.champion)
        found = examine_window(job, run, slices)
        realised = measure_performance(job, slices, run.champion)
        record = judge_and_decide(job, run, snapshot.rev, found, realised)
        if write_alert(job, record, run.history, run.run_id):
            deliver_alerts(job, return_state=True)
        if record.decision.action == "retrain" and not dry_run:
            record = replace(record, retrain=_retrain(job, run, record))
        record_monitor_run(job, run, record)
        undelivered(deliver_alerts(job, return_state=True), record)
        return record


def _retrain(job: Job, run: OpenRun, record: MonitorRecord) -> RetrainRecord:
    return retrain(
        job.model,
        as_of=job.as_of,
        rev=record.rev,
        reason=" ".join(record.decision.reasons),
        champion=run.champion.version,
        workspace=str(job.workspace.root),
    )
