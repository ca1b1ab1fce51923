"""Delivery: what waits goes out in order, each thing once; a broken channel holds up only itself.

That sending began is stored before it begins, and the receipt after it. A run that was killed in
between, or whose answer was lost, leaves a mark, and the next one looks whether it has arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.console import Console

from driftloop.alerts.channels import Channel
from driftloop.alerts.delivery_plan import (
    Address,
    Begin,
    Refresh,
    Say,
    Show,
    Step,
    begun,
    concerns,
    done,
    next_step,
    tidy,
)
from driftloop.alerts.incident import AlertState, Incident, Receipt
from driftloop.base.errors import DeliveryError
from driftloop.base.workspace import Workspace
from tasks.alerts.senders import sender_for
from tasks.alerts.senders.base import Parcel, PartlyRefusedError, Sender
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.documents import Documents, open_documents, registry_scope
from tasks.coordination.slots import delivery_slot
from tasks.runtime import clock

_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery did: keys that went out, keys that wait, and why those wait.

    `held` counts what waits for the end of quiet hours or of a mute.
    """

    sent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    held: int = 0
    error: str | None = None


def deliver(
    workspace: Workspace,
    model: str,
    channels: Iterable[Channel],
    console: Console | None = None,
) -> Delivery:
    """Send what waits of a model's alerts to these channels, and say what went out.

    After a failure the later messages of that channel wait, so that order is kept; other channels
    go on. What waits for a channel that is not given is dropped, as nobody reads it there.

    Raises:
        UnavailableError: if the alerts cannot be read or stored, or another run sends for too long.
    """
    documents = open_documents(workspace)
    known = {channel.key: channel for channel in channels}
    state, now = read_alerts(documents, model), clock.now()
    due = [
        channel for channel in known.values() if concerns(state, Address(model, channel, True, now))
    ]
    if not due:
        if tidy(state, model, known) != state:
            state = change_alerts(documents, model, lambda old: tidy(old, model, known))
        return Delivery(held=len(state.posts))
    with delivery_slot(workspace, model):
        round_ = _Round(documents, model, workspace, console)
        for channel in due:
            round_.tell(channel)
        after = change_alerts(documents, model, lambda old: tidy(old, model, known))
    left = {post.key for post in after.posts}
    sent = tuple(post.key for post in state.posts if post.key not in left)
    failed = tuple(key for key in dict.fromkeys(round_.failed) if key in left)
    held = len(left) - len(failed)
    return Delivery(sent, failed, held, "; ".join(round_.errors) or None)


@dataclass(slots=True)
class _Round:
    """One delivery in progress."""

    documents: Documents
    model: str
    workspace: Workspace
    console: Console | None
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def tell(self, channel: Channel) -> None:
        """Do all there is to do on one channel, until it fails."""
        try:
            # Looked up late: a run with nothing to tell asks nobody for secrets.
            sender = sender_for(channel, self.console, self.workspace.state)
            self._tell(channel, sender)
        except DeliveryError as error:
            self.errors.append(str(error))
            state = self._note(lambda old: old.failed(channel.key))
            self.failed += [post.key for post in state.posts if channel.key in post.waiting]

    def _tell(self, channel: Channel, sender: Sender) -> None:
        no_picture: set[str] = set()
        state = read_alerts(self.documents, self.model)
        for _ in range(_MOST_STEPS):
            to = Address(self.model, channel, sender.threads, clock.now())
            step = next_step(state, to, no_picture)
            if step is None:
                return
            try:
                state = self._perform(step, to, sender)
            except DeliveryError as error:
                if not isinstance(step, Show):
                    raise
                no_picture.add(step.post.key)  # the story goes on without it
                self.errors.append(str(error))

    def _perform(self, step: Step, to: Address, sender: Sender) -> AlertState:
        receipt = None
        if isinstance(step, Refresh):
            sender.update(step.parent.receipt, step.message)
        elif not isinstance(step, Say) or sender.wants(step.post.kind):
            receipt = self._hand_over(step, to, sender)
        return self._note(lambda old: done(old, step, to, receipt))

    def _hand_over(self, step: Begin | Say | Show, to: Address, sender: Sender) -> Receipt | None:
        self._note(lambda old: begun(old, step, to))
        parcel = _parcel(step, to, registry_scope(self.workspace))
        try:
            return sender.draw(parcel) if isinstance(step, Show) else sender.send(parcel)
        except PartlyRefusedError as error:  # who can have it has it
            self.errors.append(str(error))
            return Receipt("", parcel.key)

    def _note(self, function: Callable[[AlertState], AlertState]) -> AlertState:
        return change_alerts(self.documents, self.model, function)


def _parcel(step: Begin | Say | Show, to: Address, scope: str) -> Parcel:
    """Return what is handed over; keys tell the models of this registry from those of another."""
    if isinstance(step, Begin):
        incident = step.incident
        return Parcel(
            key=f"{scope}/{step.message.key}",
            kind="opened",
            message=step.message,
            incident=_name(incident, to, scope),
            level=incident.severity,
            begun=incident.begun.get(to.key),
        )
    post, replies = step.post, step.thread is not None and to.threads
    told_by_parent = replies and post.kind == "opened"
    return Parcel(
        key=f"{scope}/{post.key}{'' if isinstance(step, Say) else '/picture'}",
        kind=post.kind,
        message=step.message if isinstance(step, Say) else post.message,
        incident=None if step.incident is None else _name(step.incident, to, scope),
        level=post.level if step.incident is None else step.incident.severity,
        thread=step.thread,
        broadcast=replies and post.loud,
        mention=not told_by_parent and (post.loud or not replies),
        begun=post.begun.get(to.key),
        shapes=post.shapes,
    )


def _name(incident: Incident, to: Address, scope: str) -> str:
    return f"{scope}/{to.model}-{incident.number}"
