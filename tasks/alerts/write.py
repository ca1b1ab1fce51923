"""Alerts of the flows: events become posts of a model's alerts, then go out to every channel."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from driftloop.alerts.incident import AlertState, IncidentSummary
from driftloop.alerts.message import Kind, Message
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.summary import with_new_champion, with_retraining
from driftloop.alerts.messages.versions import answer_message, rollback_message
from driftloop.alerts.messages.wording import count
from driftloop.alerts.posts import (
    LostChampion,
    Routing,
    Run,
    post_doubt,
    post_lost_champion,
    post_message,
    post_run,
)
from driftloop.alerts.responses import Acknowledged, DeliveryReport, Muted, TestAlert
from driftloop.base.errors import ChampionLostError, DeliveryError, IncompleteError
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import Promotion, RetrainRecord
from driftloop.base.tags import PastRun
from tasks.alerts.deliver import Delivery, deliver
from tasks.alerts.senders.console import SCREEN
from tasks.coordination.alert_store import change_alerts, read_alerts, update_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.opening import open_registry
from tasks.registry.run_links import links_of
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.runtime.step import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

AlertRecord = (
    MonitorRecord | RetrainRecord | Promotion | Acknowledged | Muted | TestAlert | DeliveryReport
)


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


@step("write alert", retries=2)
def write_lost_champion_alert(job: Job, error: ChampionLostError) -> None:
    """Write the posts of a monitoring run that found no champion where the ledger has one."""
    if job.dry_run:
        return
    lost, routing = LostChampion(error, job.as_of, links_of(job, None, None)), routing_of(job)

    def posted(old: AlertState) -> AlertState:
        return post_lost_champion(old, lost, routing)

    change_alerts(open_documents(job.workspace), job.model, posted)


@step("write alert", retries=2)
def write_first_champion_alert(job: Job, record: RetrainRecord) -> bool:
    """Open an incident where a first champion may be no better than guessing; return whether so."""
    doubt = record.comparison.challenger.doubt if record.comparison else ""
    if not (doubt and record.promoted_version):
        return False
    links, routing = links_of(job, record.run_id, record.challenger), routing_of(job)

    def posted(old: AlertState) -> AlertState:
        return post_doubt(old, record, doubt, links, routing)

    change_alerts(open_documents(job.workspace), job.model, posted)
    return True


@step("write retraining alert", retries=2)
def write_retrain_alert(job: Job, record: RetrainRecord) -> None:
    """Write the outcome of a retraining.

    That nothing could be trained is reported once in a row of monitoring runs that request it.
    """
    if record.challenger is None:
        history = open_registry(job.workspace).past_runs(job.model, job.as_of)
        last = next((run for run in history if run.kind == "monitor"), None)
        if last is not None and last.action == "retrain":
            return
    links = links_of(job, record.run_id, record.challenger)
    incident = read_alerts(open_documents(job.workspace), job.model).open
    open_now = (incident.summary.headline, incident.summary.limit) if incident is not None else ()
    message = retrain_message(record, links, *open_now)
    _write(
        job,
        message,
        record.ending != "kept",
        lambda summary: with_retraining(summary, record, links),
    )


@step("write rollback alert", retries=2)
def write_rollback_alert(job: Job, rollback: Promotion, reason: str) -> None:
    """Write the message about a rollback, if one was done."""
    if not rollback.promoted:
        return
    links = links_of(job, None, rollback.version)
    versions = rollback.version, rollback.previous
    message = rollback_message(job.model, job.as_of, *versions, reason, links)
    instead = f" in place of version {rollback.previous}" if rollback.previous else ""
    action = f"Version {rollback.version} is live again{instead}."
    _write(job, message, True, lambda summary: with_new_champion(summary, action))


@step("write answer alert", retries=2)
def write_answer_alert(job: Job, promotion: Promotion, comment: str) -> None:
    """Write the message about the decision on a proposed challenger."""
    links = links_of(job, None, promotion.version)
    message = answer_message(job.model, job.as_of, promotion, comment, links)
    action = f"Version {promotion.version} was approved and is live."
    _write(
        job,
        message,
        True,
        lambda summary: with_new_champion(summary, action) if promotion.promoted else summary,
    )


@step("deliver alerts", retries=1)
def deliver_alerts(job: Job) -> Delivery:
    """Send everything that waits, oldest first, including what earlier runs could not deliver.

    Raises:
        DeliveryError: if something could not be delivered; it is kept for the next run.
    """
    if job.dry_run:
        return Delivery()
    delivery = deliver(job.workspace, job.model, job.config.alerts.channels, console())
    if delivery.error:
        what = "a picture or an update could not be delivered"
        if delivery.failed:
            messages = count(len(delivery.failed), "message")
            what = f"{messages} could not be delivered and will be sent by the next run"
        raise DeliveryError(f"{what}: {delivery.error}")
    return delivery


def undelivered(
    delivered: "State[Delivery]",
    record: AlertRecord,
    *others: "State[None]",
    unwritten: str | None = None,
) -> None:
    """Fail the run, whose work is done and recorded, if its messages could not be sent.

    `others` are the states of similar steps, such as publishing its metrics; `unwritten` says why
    its report could not be written, if it could not.

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
    return Routing(job.config.alerts, clock.now())


def console() -> Console:
    """Return the terminal for messages without a channel: standard error, as for logs.

    Where something else is drawn there already, it is the console of that.
    """
    return SCREEN.get() or Console(stderr=True, width=None if sys.stderr.isatty() else 88)


def _write(
    job: Job, message: Message, loud: bool, changed: Callable[[IncidentSummary], IncidentSummary]
) -> None:
    if job.dry_run:
        return
    routing = routing_of(job)

    def posted(old: AlertState) -> AlertState:
        # The run may be done again: its parent was written again then, its message is there.
        repeated = old.open is not None and old.open.last == job.as_of
        if message.key in old.keys and not repeated:
            return old
        summary = changed(old.open.summary) if old.open is not None else None
        return post_message(old, message, routing, loud, summary)

    change_alerts(open_documents(job.workspace), job.model, posted)
