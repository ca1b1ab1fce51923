"""The monitoring flow: look at a window, judge it, tell people, and retrain where warranted."""

from datetime import datetime

from prefect import flow, tags

from driftloop.alerts.events import run_events
from driftloop.base.records import MonitorRecord, RetrainRecord
from flows.naming import moment, run_name
from flows.retrain import retrain
from flows.watch import watch
from tasks.alerts.write import deliver_alerts, undelivered, write_alert
from tasks.monitoring.steps import OpenRun
from tasks.reporting.publish_metrics import published
from tasks.reporting.run_report import Reporter
from tasks.runtime.artifacts import show_run
from tasks.runtime.events import emit
from tasks.runtime.job import Job, same_configuration
from tasks.runtime.preflight import prepare_job


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
    with tags(model), same_configuration():
        job = prepare_job(model, moment(as_of), rev, dry_run, workspace)
        report = Reporter(job)
        record = watch(
            job,
            tell=lambda run, found: _tell(job, run, found, report),
            retrain=lambda run, found: report.retrained(run, found, _retrain(job, run, found)),
        )
        shown = show_run(job, record, report.links, return_state=True)
        delivered = deliver_alerts(job, return_state=True)
        undelivered(delivered, record, published(job), shown, unwritten=report.failure)
        return record


def _tell(job: Job, run: OpenRun, record: MonitorRecord, report: Reporter) -> None:
    address = report.write(run, record)  # before the message that links to it
    kinds = write_alert(job, record, run.history, run.run_id, address)
    emit(job, run_events(record, kinds))
    if record.decision.action == "retrain":  # which takes long, so people are told before
        deliver_alerts(job, return_state=True)


def _retrain(job: Job, run: OpenRun, record: MonitorRecord) -> RetrainRecord:
    return retrain(
        job.model,
        as_of=job.as_of,
        rev=record.rev,
        reason=" ".join(record.decision.reasons),
        champion=run.champion.version,
        workspace=str(job.workspace.root),
    )
