"""Alerts: what happened is written into a model's alerts, then goes out to every channel."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from driftloop.alerts.incident import AlertState, Card
from driftloop.alerts.message import Kind, Message
from driftloop.alerts.messages.card import with_deed, with_retraining
from driftloop.alerts.messages.observation import answer_message, rollback_message
from driftloop.alerts.messages.retraining import outcome_of, retrain_message
from driftloop.alerts.posts import Run, Situation, tell, tell_run
from driftloop.alerts.responses import Acknowledged, Muted, Swept, TestAlert
from driftloop.base.errors import DeliveryError
from driftloop.base.past_run import PastRun
from driftloop.base.records import MonitorRecord, Promotion, RetrainRecord
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

AlertRecord = MonitorRecord | RetrainRecord | Promotion | Acknowledged | Muted | TestAlert | Swept


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a model's messages: those that went out, and how many are held back."""

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
    """Write what a run means for the model's incident; return what is new about it.

    `report` is the address of the run's report, where there is one.
    """
    if job.dry_run:
        return ()
    links = replace(links_of(job, run_id, record.champion), report=report)
    run, situation = Run(record, history, links), situation_of(job)

    def told(old: AlertState) -> tuple[AlertState, tuple[Kind, ...]]:
        found = tell_run(old, run, situation)
        return found.state, found.kinds

    return update_alerts(open_documents(job.workspace), job.model, told)


@step("write retraining alert", retries=2)
def write_retrain_alert(job: Job, record: RetrainRecord) -> None:
    """Write the outcome of a retraining.

    That nothing could be trained is told once in a row of monitoring runs that ask for it.
    """
    if record.challenger is None:
        history = open_registry(job.workspace).past_runs(job.model, job.as_of)
        last = next((run for run in history if run.kind == "monitor"), None)
        if last is not None and last.action == "retrain":
            return
    links = links_of(job, record.run_id, record.challenger)
    loud = outcome_of(record) != "kept"
    _tell(
        job, retrain_message(record, links), loud, lambda card: with_retraining(card, record, links)
    )


@step("write rollback alert", retries=2)
def write_rollback_alert(job: Job, rollback: Promotion, reason: str) -> None:
    """Write the news of a rollback, if one was done."""
    if not rollback.promoted or rollback.previous is None:
        return
    links = links_of(job, None, rollback.version)
    versions = rollback.version, rollback.previous
    message = rollback_message(job.model, job.as_of, *versions, reason, links)
    done = f"Version {rollback.version} is live again in place of version {rollback.previous}."
    _tell(job, message, True, lambda card: with_deed(card, done))


@step("write answer alert", retries=2)
def write_answer_alert(job: Job, done: Promotion, comment: str) -> None:
    """Write the news of what became of a proposed challenger."""
    links = links_of(job, None, done.version)
    message = answer_message(job.model, job.as_of, done, comment, links)

    def changed(card: Card) -> Card:
        if not done.promoted:
            return card
        return with_deed(card, f"Version {done.version} was approved and is live.")

    _tell(job, message, True, changed)


@step("deliver alerts", retries=1)
def deliver_alerts(job: Job) -> Posted:
    """Send everything that waits, oldest first, also what earlier runs could not deliver.

    Raises:
        DeliveryError: naming what could not be delivered; it is kept for the next run.
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
    *told: "State[None]",
    unwritten: str | None = None,
) -> None:
    """Fail the run, whose work is done and recorded, where the news of it did not go out.

    Args:
        delivered: what became of its messages.
        record: what the run did.
        told: what became of other news of it, such as its metrics.
        unwritten: why its report could not be written, None where it was.

    Raises:
        UndeliveredError: with the record; its text names everything that did not go out.
    """
    states: tuple[State[Any], ...] = (delivered, *told)
    failed = [state for state in states if state.is_failed()]
    why = [state.message or "the news of this run did not go out" for state in failed]
    if unwritten is not None:
        why.append(f"the report could not be written: {unwritten}")
    if why:
        raise UndeliveredError("; ".join(why), record)


class UndeliveredError(DeliveryError):
    """All the work of a run was done and recorded, and the news of it did not go out."""

    def __init__(self, message: str, record: AlertRecord) -> None:
        super().__init__(message)
        self.record = record


def situation_of(job: Job) -> Situation:
    """Return who is told of the job's model, and the present moment."""
    return Situation(job.config.alerts, job.config.performance.margin, clock.now())


def console() -> Console:
    """Messages without a channel go to standard error, as logs do."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else 88)


def _tell(job: Job, message: Message, loud: bool, changed: Callable[[Card], Card]) -> None:
    if job.dry_run:
        return
    situation = situation_of(job)

    def told(old: AlertState) -> AlertState:
        if message.key in old.keys:
            return old
        card = changed(old.open.card) if old.open is not None else None
        return tell(old, message, situation, loud, card)

    change_alerts(open_documents(job.workspace), job.model, told)
