"""What is to be sent next to a channel, and what the alerts look like once it is.

A channel with threads holds an incident as one message, which is made to say what is true now, and
a thread with one reply an event. Other channels get one message an event. What belongs together
goes out in order; quiet hours and a mute hold back what is not grave enough, and lose nothing.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from driftloop.alerts.channels import Channel, Level
from driftloop.alerts.incident import AlertState, Incident, Parent, Post, Receipt
from driftloop.alerts.message import Message
from driftloop.alerts.messages.parent import parent_message
from driftloop.base.serialize import to_json


@dataclass(frozen=True, slots=True)
class Begin:
    """Post the parent message of an incident."""

    incident: Incident
    message: Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send a post; in a thread where the receipt of one is given."""

    post: Post
    incident: Incident | None
    message: Message
    thread: Receipt | None


@dataclass(frozen=True, slots=True)
class Show:
    """Add the picture of a post to its thread."""

    post: Post
    incident: Incident | None
    thread: Receipt | None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Let a parent message say what is true now."""

    incident: Incident
    parent: Parent
    message: Message


Step = Begin | Say | Show | Refresh


@dataclass(frozen=True, slots=True)
class Address:
    """A channel of a model, whether it has threads, and the moment at which it is written to."""

    model: str
    channel: Channel
    threads: bool
    now: datetime

    @property
    def key(self) -> str:
        """The channel's name in the alerts."""
        return self.channel.key

    def holds(self, state: AlertState, level: Level) -> bool:
        """Say whether a message of this severity waits now."""
        return state.muted_at(self.now) is not None or self.channel.holds(level, self.now)


def next_step(state: AlertState, to: Address, skipped: Collection[str] = ()) -> Step | None:
    """Return what is to be done next on a channel, or None where nothing is.

    Args:
        state: the alerts of the model.
        to: the channel.
        skipped: keys of posts whose picture is not to be tried now.
    """
    for post in state.posts:
        incident = state.incident(post.incident)
        if to.holds(state, incident.severity if incident else post.level):
            continue
        if to.key in post.waiting:
            return _say(post, incident, to)
        if to.key in post.drawing and post.key not in skipped:
            return Show(post, incident, _thread(incident, to))
    for incident in state.incidents if to.threads else ():
        step = _refresh(incident, to)
        if step is not None and not to.holds(state, incident.severity):
            return step
    return None


def concerns(state: AlertState, to: Address) -> bool:
    """Say whether there may be anything to do on a channel, with or without threads."""
    return any(next_step(state, replace(to, threads=threads)) for threads in (True, False))


def _say(post: Post, incident: Incident | None, to: Address) -> Step:
    thread = _thread(incident, to)
    if incident is None or not to.threads:
        return Say(post, incident, post.message, thread)
    if thread is None:
        return Begin(incident, parent_message(to.model, incident))
    return Say(post, incident, post.line or post.message, thread)


def _thread(incident: Incident | None, to: Address) -> Receipt | None:
    parent = incident.parents.get(to.key) if incident is not None else None
    if parent is None or (to.threads and not parent.digest):
        return None  # posted when the channel had no threads
    return parent.receipt


def _refresh(incident: Incident, to: Address) -> Refresh | None:
    parent = incident.parents.get(to.key)
    if parent is None or not parent.digest:
        return None
    message = parent_message(to.model, incident)
    return None if digest(message) == parent.digest else Refresh(incident, parent, message)


def digest(message: Message) -> str:
    """Return what tells one content of a message from another."""
    content = to_json([message.text, message.all_blocks])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def begun(state: AlertState, step: Step, to: Address) -> AlertState:
    """Return the state that notes that sending began; what is lost after that is looked for."""
    if isinstance(step, Begin):
        incident = state.incident(step.incident.number) or step.incident
        times = {**incident.begun, to.key: incident.begun.get(to.key, to.now)}
        return state.with_incident(replace(incident, begun=times))
    if isinstance(step, Say | Show):
        post = _now(state, step.post)
        times = {**post.begun, to.key: post.begun.get(to.key, to.now)}
        return state.with_post(replace(post, begun=times))
    return state


def done(state: AlertState, step: Step, to: Address, receipt: Receipt | None) -> AlertState:
    """Return the state that notes what a step did, with the receipt it gave."""
    if isinstance(step, Begin | Refresh):
        return _told(state, step, to, receipt)
    post = _now(state, step.post)
    times = {key: at for key, at in post.begun.items() if key != to.key}
    waiting = tuple(key for key in post.waiting if key != to.key)
    drawing = tuple(key for key in post.drawing if key != to.key)
    if isinstance(step, Say) and receipt is not None and to.threads and post.shapes:
        drawing = (*drawing, to.key)
    state = state.with_post(replace(post, waiting=waiting, drawing=drawing, begun=times))
    incident = state.incident(post.incident)
    first = incident is not None and to.key not in incident.parents
    if incident is not None and first and receipt is not None:
        parents = {**incident.parents, to.key: Parent(receipt, "")}
        state = state.with_incident(replace(incident, parents=parents))
    return state


def _told(
    state: AlertState, step: Begin | Refresh, to: Address, receipt: Receipt | None
) -> AlertState:
    incident = state.incident(step.incident.number) or step.incident
    known = step.parent.receipt if isinstance(step, Refresh) else receipt
    if known is None:
        return state
    parents = {**incident.parents, to.key: Parent(known, digest(step.message))}
    times = {key: at for key, at in incident.begun.items() if key != to.key}
    return state.with_incident(replace(incident, parents=parents, begun=times))


def _now(state: AlertState, post: Post) -> Post:
    return next((one for one in state.posts if one.key == post.key), post)


def tidy(state: AlertState, model: str, channels: Collection[str]) -> AlertState:
    """Return the state without what needs no telling any more.

    That is earlier incidents that are told completely, and what waits for channels that are not
    configured any more.
    """
    for post in state.posts:
        waiting = tuple(key for key in post.waiting if key in channels)
        drawing = tuple(key for key in post.drawing if key in channels)
        state = state.with_post(replace(post, waiting=waiting, drawing=drawing))
    needed = {post.incident for post in state.posts}
    kept = tuple(
        incident
        for incident in state.incidents
        if incident is state.newest
        or incident.number in needed
        or _outdated(incident, model, channels)
    )
    return replace(state, incidents=kept)


def _outdated(incident: Incident, model: str, channels: Collection[str]) -> bool:
    true = digest(parent_message(model, incident))
    return any(
        parent.digest not in ("", true)
        for key, parent in incident.parents.items()
        if key in channels
    )
