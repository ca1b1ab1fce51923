"""Delivery: waiting messages are sent in order, each once; a broken channel delays only itself.

That sending began is stored before it begins, and the receipt after it. A run that was killed in
between, or whose answer was lost, leaves a mark, and the next one looks whether it has arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.console import Console

from driftloop.alerts.channels import Channel
from driftloop.alerts.delivery_plan import (
    AddPicture,
    PostParent,
    SendPost,
    Step,
    Target,
    UpdateParent,
    has_work,
    mark_done,
    mark_started,
    next_step,
    prune,
)
from driftloop.alerts.incident import AlertState
from driftloop.alerts.message import OutgoingMessage, Receipt
from driftloop.base.errors import DeliveryError
from driftloop.base.workspace import Workspace
from tasks.alerts.senders import sender_for
from tasks.alerts.senders.base import PartlyRefusedError, Sender
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.documents import Documents, open_documents
from tasks.coordination.place import place_of
from tasks.coordination.slots import delivery_slot
from tasks.runtime import clock

_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """The keys that were sent and that failed, and why; `held` counts messages that wait."""

    sent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    held: int = 0
    error: str | None = None


def deliver(
    workspace: Workspace, model: str, channels: Iterable[Channel], console: Console | None = None
) -> Delivery:
    """Send a model's waiting messages to these channels.

    After a failure the later messages of that channel wait, so that order is kept; other channels
    go on. Messages for other channels are dropped: the configuration no longer has those.

    Raises:
        UnavailableError: if the alerts cannot be read or stored, or another run sends for too long.
    """
    documents = open_documents(workspace)
    known = {channel.key: channel for channel in channels}
    state, now = read_alerts(documents, model), clock.now()
    due = [
        channel for channel in known.values() if has_work(state, Target(model, channel, True, now))
    ]
    if not due:
        if prune(state, model, known) != state:
            state = change_alerts(documents, model, lambda old: prune(old, model, known))
        return Delivery(held=len(state.posts))
    with delivery_slot(workspace, model):
        delivery = _DeliveryOfModel(documents, model, workspace, console)
        for channel in due:
            delivery.deliver_to(channel)
        after = change_alerts(documents, model, lambda old: prune(old, model, known))
    left = {post.key for post in after.posts}
    sent = tuple(post.key for post in state.posts if post.key not in left)
    failed = tuple(key for key in dict.fromkeys(delivery.failed) if key in left)
    held = len(left) - len(failed)
    return Delivery(sent, failed, held, "; ".join(delivery.errors) or None)


@dataclass(slots=True)
class _DeliveryOfModel:
    """One delivery in progress."""

    documents: Documents
    model: str
    workspace: Workspace
    console: Console | None
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def deliver_to(self, channel: Channel) -> None:
        """Send everything that is due on one channel, until it fails."""
        try:
            # Looked up late: a run with nothing to send does not read secrets.
            sender = sender_for(channel, self.console, self.workspace.state)
            self._send_all(channel, sender)
        except DeliveryError as error:
            self.errors.append(str(error))
            state = self._note(lambda old: old.failed(channel.key))
            self.failed += [post.key for post in state.posts if channel.key in post.waiting]

    def _send_all(self, channel: Channel, sender: Sender) -> None:
        no_picture: set[str] = set()
        state = read_alerts(self.documents, self.model)
        for _ in range(_MOST_STEPS):
            target = Target(self.model, channel, sender.threads, clock.now())
            step = next_step(state, target, no_picture)
            if step is None:
                return
            try:
                state = self._perform(step, target, sender)
            except DeliveryError as error:
                if not isinstance(step, AddPicture):
                    raise
                no_picture.add(step.post.key)  # the story goes on without it
                self.errors.append(str(error))

    def _perform(self, step: Step, target: Target, sender: Sender) -> AlertState:
        receipt = None
        if isinstance(step, UpdateParent):
            sender.update(step.parent.receipt, step.message)
        elif not isinstance(step, SendPost) or sender.wants(step.post.kind):
            receipt = self._hand_over(step, target, sender)
        return self._note(lambda old: mark_done(old, step, target, receipt))

    def _hand_over(
        self, step: PostParent | SendPost | AddPicture, target: Target, sender: Sender
    ) -> Receipt | None:
        self._note(lambda old: mark_started(old, step, target))
        outgoing = _outgoing(step, target, place_of(self.workspace, self.model).scope)
        try:
            return sender.draw(outgoing) if isinstance(step, AddPicture) else sender.send(outgoing)
        except PartlyRefusedError as error:  # who can have it has it
            self.errors.append(str(error))
            return Receipt("", outgoing.key)

    def _note(self, function: Callable[[AlertState], AlertState]) -> AlertState:
        return change_alerts(self.documents, self.model, function)


def _outgoing(
    step: PostParent | SendPost | AddPicture, target: Target, scope: str
) -> OutgoingMessage:
    """Return what is handed over; keys tell the models of this registry from those of another."""
    incident = step.incident
    name = f"{scope}/{target.model}-{incident.number}" if incident is not None else None
    if isinstance(step, PostParent):
        return OutgoingMessage(
            key=f"{scope}/{step.message.key}",
            kind="opened",
            message=step.message,
            incident=name,
            level=step.incident.severity,
            begun=step.incident.begun.get(target.key),
        )
    post, replies = step.post, step.thread is not None and target.threads
    in_parent = replies and post.kind == "opened"
    return OutgoingMessage(
        key=f"{scope}/{post.key}{'' if isinstance(step, SendPost) else '/picture'}",
        kind=post.kind,
        message=step.message if isinstance(step, SendPost) else post.message,
        incident=name,
        level=incident.severity if incident is not None else post.level,
        thread=step.thread,
        broadcast=replies and post.loud,
        mention=not in_parent and (post.loud or not replies),
        begun=post.begun.get(target.key),
        shapes=post.shapes,
    )
