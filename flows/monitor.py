"""The monitoring flow: a window is analysed and judged, people alerted, the model retrained."""

from datetime import datetime

from prefect import flow, tags

from driftloop.alerts.events import run_events
from driftloop.base.errors import ChampionLostError
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from flows.naming import resolve_as_of, run_name, with_words
from flows.watch import watch
from tasks.alerts.write import deliver_alerts, undelivered, write_alert, write_lost_champion_alert
from tasks.monitoring.steps import OpenRun
from tasks.reporting.publish_metrics import publish_after_run
from tasks.reporting.run_report import Reporter
from tasks.runtime.artifacts import show_run
from tasks.runtime.events import emit
from tasks.runtime.job import Job, same_configuration
from tasks.runtime.prepare import prepare_job


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
        as_of: the moment as of which to monitor; the scheduled time of the run if left out.
        rev: commit, branch or tag of the data; the configured one if left out.
        dry_run: decide and report, but change nothing and send no messages.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model), same_configuration():
        job = prepare_job(model, resolve_as_of(as_of), rev, dry_run, workspace)
        report = Reporter(job)
        try:
            record = watch(
                job,
                announce=lambda run, record: _alert(job, run, record, report),
                retrain=lambda run, found: report.retrained(run, found, _retrain(job, run, found)),
            )
        except ChampionLostError as error:
            write_lost_champion_alert(job, error)
            deliver_alerts(job, return_state=True)
            raise
        shown = show_run(job, record, report.links, return_state=True)
        delivered = deliver_alerts(job, return_state=True)
        undelivered(delivered, record, publish_after_run(job), shown, unwritten=report.failure)
        return with_words(record, record.headline)


def _alert(job: Job, run: OpenRun, record: MonitorRecord, report: Reporter) -> None:
    address = report.write(run, record)  # before the message that links to it
    kinds = write_alert(job, record, run.history, run.run_id, address)
    emit(job, run_events(record, kinds))
    if record.decision.action == "retrain":  # takes long, so people are notified beforehand
        deliver_alerts(job, return_state=True)


def _retrain(job: Job, run: OpenRun, record: MonitorRecord) -> RetrainRecord:
    from flows.retrain import retrain  # most runs do without

    return retrain(
        job.model,
        as_of=job.as_of,
        rev=record.rev,
        reason=" ".join(record.decision.reasons),
        champion=run.champion.version,
        workspace=str(job.workspace.root),
        routine=record.decision.routine,
    )
