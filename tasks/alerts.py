"""Alerts: what is news goes into the outbox, then out to every channel."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect.runtime import flow_run
from rich.console import Console

from driftloop.alerting import News, news
from driftloop.errors import DeliveryError
from driftloop.messages.compose import blind_message, resolved_message, trouble_message
from driftloop.messages.message import Message
from driftloop.messages.observation import answer_message, stuck_message, trial_message
from driftloop.messages.retraining import retrain_message
from driftloop.messages.rollback import rollback_message
from driftloop.messages.wording import Links
from driftloop.records import MonitorRecord, Promotion, RetrainRecord
from driftloop.triggers import PastRun
from tasks.deliver import flush
from tasks.factory import step
from tasks.job import Job
from tasks.outbox import Outbox
from tasks.registry import open_registry

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a run's messages; `error` names what still waits in the outbox."""

    sent: tuple[str, ...] = ()
    error: str | None = None


@step("write alert")
def write_alert(
    job: Job, record: MonitorRecord, history: tuple[PastRun, ...], run_id: str | None
) -> str | None:
    """Keep the run's news in the outbox, if it has any; return the key of the last message."""
    told = news(record, history, job.config.alerts.blind_after)
    links = _links(job, run_id, record.champion)
    kept = _write_news(job, record, told, links)
    for trial in record.trials:
        if trial.action not in ("none", "passed"):  # what goes well is silent
            kept = _keep(job, trial_message(job.model, job.as_of, trial, links)) or kept
    return kept


def _write_news(job: Job, record: MonitorRecord, told: News, links: Links) -> str | None:
    if told.event == "trouble":
        return _keep(job, trouble_message(record, links, told.since))
    if told.event == "resolved":
        return _keep(job, resolved_message(record, links, told.since))
    if told.event == "blind":
        return _keep(job, blind_message(record, links, told.runs))
    if told.event == "stuck":
        return _keep(job, stuck_message(record, links))
    return None


@step("write retraining alert", retries=2)
def write_retrain_alert(job: Job, record: RetrainRecord) -> str | None:
    """Keep the outcome of a retraining in the outbox; return its key.

    That nothing could be trained is told once in a row of monitoring runs that ask for it.
    """
    if record.challenger is None:
        history = open_registry(job.workspace).past_runs(job.model, job.as_of)
        last = next((run for run in history if run.kind == "monitor"), None)
        if last is not None and last.action == "retrain":
            return None
    return _keep(job, retrain_message(record, _links(job, record.run_id, record.challenger)))


@step("write rollback alert")
def write_rollback_alert(job: Job, rollback: Promotion, reason: str) -> str | None:
    """Keep the news of a rollback in the outbox, if one was done; return its key."""
    if not rollback.promoted or rollback.previous is None:
        return None
    links = _links(job, None, rollback.version)
    versions = rollback.version, rollback.previous
    return _keep(job, rollback_message(job.model, job.as_of, *versions, reason, links))


@step("write answer alert")
def write_answer_alert(job: Job, done: Promotion, comment: str) -> str | None:
    """Keep the news of what became of a proposed challenger in the outbox; return its key."""
    links = _links(job, None, done.version)
    return _keep(job, answer_message(job.model, job.as_of, done, comment, links))


@step("deliver alerts", retries=1)
def deliver_alerts(job: Job) -> Posted:
    """Send everything that waits, oldest first, also what earlier runs could not deliver.

    Raises:
        DeliveryError: naming what could not be delivered; it is kept for the next run.
    """
    if job.dry_run:
        return Posted()
    delivery = flush(Outbox(job.workspace.outbox), job.config.alerts.channels, _console())
    if delivery.error:
        waiting = len(delivery.failed)
        raise DeliveryError(
            f"{waiting} message{'' if waiting == 1 else 's'} could not be delivered and will be "
            f"sent by the next run: {delivery.error}"
        )
    return Posted(delivery.sent)


def undelivered(
    delivered: "State[Posted]", record: MonitorRecord | RetrainRecord | Promotion
) -> None:
    """Fail the run, whose work is done and recorded, where its messages did not go out.

    Raises:
        UndeliveredError: with the record.
    """
    if delivered.is_failed():
        raise UndeliveredError(delivered.message or "messages could not be delivered", record)


class UndeliveredError(DeliveryError):
    """All the work of a run was done and recorded, and a message about it still waits."""

    def __init__(self, message: str, record: MonitorRecord | RetrainRecord | Promotion) -> None:
        super().__init__(message)
        self.record = record


def _keep(job: Job, message: Message) -> str | None:
    if job.dry_run:
        return None
    Outbox(job.workspace.outbox).put(message, job.config.alerts.channels)
    return message.key


def _console() -> Console:
    """Messages without a channel go to standard error, as logs do."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else 88)


def _links(job: Job, run_id: str | None, version: str | None) -> Links:
    server = job.workspace.tracking_uri.rstrip("/")
    web = server if server.startswith("http") else None
    return Links(
        prefect_run=_prefect_run(),
        mlflow_run=f"{web}/#/runs/{run_id}" if web and run_id else None,
        model_version=f"{web}/#/models/{job.model}/versions/{version}" if web and version else None,
    )


def _prefect_run() -> str | None:
    """The page of this run; a temporary server is gone before anybody could look."""
    from prefect.settings import get_current_settings
    from prefect.utilities.urls import url_for

    served, run = get_current_settings().api.url, flow_run.id
    return url_for("flow-run", obj_id=run) if served and run else None
