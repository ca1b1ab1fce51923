"""Alerts of the flows: events become posts of a model's alerts, then go out to every channel."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from driftloop.alerts.incident import AlertState, IncidentSummary
from driftloop.alerts.message import Kind, Message
from driftloop.alerts.messages.retraining import outcome_of, retrain_message
from driftloop.alerts.messages.summary import with_new_champion, with_retraining
from driftloop.alerts.messages.versions import answer_message, rollback_message
from driftloop.alerts.posts import Routing, Run, post_message, post_run
from driftloop.alerts.responses import Acknowledged, DeliveryReport, Muted, TestAlert
from driftloop.base.errors import DeliveryError, IncompleteError
from driftloop.base.records import MonitorRecord, Promotion, RetrainRecord
from driftloop.base.tags import PastRun
from tasks.alerts.deliver import deliver
from tasks.coordination.alert_store import change_alerts, update_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.opening import open_registry
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.runtime.run_links import links_of
from tasks.runtime.step import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

AlertRecord = (
    MonitorRecord | RetrainRecord | Promotion | Acknowledged | Muted | TestAlert | DeliveryReport
)


@dataclass(frozen=True, slots=True)
class Posted:
    """The keys of the messages that were sent, and how many are held back."""

    sent: tuple[str, ...] = ()
    held: int = 0


@step("write alert", retries=2)
def write_alert(
    job: Job,
    record: MonitorRecord,
    history: tuple[PastRun, ...],
    run_id: str | None,
    report: str | None = None,
) -> tuple[Kind, ...]:
    """Write the posts of a monitoring run; return what is new about the model's incident.

    `report` is the address of the run's report, where there is one.
    """
    if job.dry_run:
        return ()
    links = replace(links_of(job, run_id, record.champion), report=report)
    run, routing = Run(record, history, links), routing_of(job)

    def posted(old: AlertState) -> tuple[AlertState, tuple[Kind, ...]]:
        transition = post_run(old, run, routing)
        return transition.state, transition.kinds

    return update_alerts(open_documents(job.workspace), job.model, posted)


@step("write retraining alert", retries=2)
def write_retrain_alert(job: Job, record: RetrainRecord) -> None:
    """Write the outcome of a retraining.

    That nothing could be trained is reported once in a row of monitoring runs that ask for it.
    """
    if record.challenger is None:
        history = open_registry(job.workspace).past_runs(job.model, job.as_of)
        last = next((run for run in history if run.kind == "monitor"), None)
        if last is not None and last.action == "retrain":
            return
    links = links_of(job, record.run_id, record.challenger)
    loud = outcome_of(record) != "kept"
    _write(
        job,
        retrain_message(record, links),
        loud,
        lambda summary: with_retraining(summary, record, links),
    )


@step("write rollback alert", retries=2)
def write_rollback_alert(job: Job, rollback: Promotion, reason: str) -> None:
    """Write the message about a rollback, if one was done."""
    if not rollback.promoted or rollback.previous is None:
        return
    links = links_of(job, None, rollback.version)
    versions = rollback.version, rollback.previous
    message = rollback_message(job.model, job.as_of, *versions, reason, links)
    action = f"Version {rollback.version} is live again in place of version {rollback.previous}."
    _write(job, message, True, lambda summary: with_new_champion(summary, action))


@step("write answer alert", retries=2)
def write_answer_alert(job: Job, promotion: Promotion, comment: str) -> None:
    """Write the message about the decision on a proposed challenger."""
    links = links_of(job, None, promotion.version)
    message = answer_message(job.model, job.as_of, promotion, comment, links)

    def changed(summary: IncidentSummary) -> IncidentSummary:
        if not promotion.promoted:
            return summary
        return with_new_champion(summary, f"Version {promotion.version} was approved and is live.")

    _write(job, message, True, changed)


@step("deliver alerts", retries=1)
def deliver_alerts(job: Job) -> Posted:
    """Send everything that waits, oldest first, including what earlier runs could not deliver.

    Raises:
        DeliveryError: if something could not be delivered; it is kept for the next run.
    """
    if job.dry_run:
        return Posted()
    delivery = deliver(job.workspace, job.model, job.config.alerts.channels, console())
    if delivery.error:
        raise DeliveryError(not_delivered(len(delivery.failed), delivery.error))
    return Posted(delivery.sent, delivery.held)


def not_delivered(waiting: int, why: str) -> str:
    """Return the text of the error that messages could not be delivered."""
    if not waiting:
        return f"a picture or an update could not be delivered: {why}"
    return (
        f"{waiting} message{'' if waiting == 1 else 's'} could not be delivered and will be "
        f"sent by the next run: {why}"
    )


def undelivered(
    delivered: "State[Posted]",
    record: AlertRecord,
    *others: "State[None]",
    unwritten: str | None = None,
) -> None:
    """Fail the run, whose work is done and recorded, if its messages could not be sent.

    Args:
        delivered: the state of the step that sent its messages.
        record: what the run did.
        others: the states of similar steps, such as publishing its metrics.
        unwritten: why its report could not be written, None where it was.

    Raises:
        UndeliveredError: with the record; its text says everything that was not sent.
    """
    states: tuple[State[Any], ...] = (delivered, *others)
    failed = [state for state in states if state.is_failed()]
    why = [state.message or "the messages of this run were not sent" for state in failed]
    if unwritten is not None:
        why.append(f"the report could not be written: {unwritten}")
    if why:
        raise UndeliveredError("; ".join(why), record)


class UndeliveredError(IncompleteError, DeliveryError):
    """The work of a run is done and recorded, but its messages were not sent."""


def routing_of(job: Job) -> Routing:
    """Return where the alerts of the job's model go, as of now."""
    return Routing(job.config.alerts, job.config.performance.margin, clock.now())


def console() -> Console:
    """Messages without a channel go to standard error, as logs do."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else 88)


def _write(
    job: Job, message: Message, loud: bool, changed: Callable[[IncidentSummary], IncidentSummary]
) -> None:
    if job.dry_run:
        return
    routing = routing_of(job)

    def posted(old: AlertState) -> AlertState:
        if message.key in old.keys:
            return old
        summary = changed(old.open.summary) if old.open is not None else None
        return post_message(old, message, routing, loud, summary)

    change_alerts(open_documents(job.workspace), job.model, posted)
