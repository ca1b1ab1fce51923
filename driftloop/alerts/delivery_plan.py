"""Delivery plan: what is sent next to a channel, and the alerts after it was sent.

A channel with threads holds an incident as one message, which is kept up to date, and a thread with
one reply per event. Other channels get one message per event. What belongs together is sent in
order; quiet hours and a mute delay what is not severe enough, and lose nothing.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from driftloop.alerts.channels import Channel
from driftloop.alerts.incident import AlertState, Incident, Parent, Post
from driftloop.alerts.message import Level, Message, Receipt
from driftloop.alerts.messages.parent import parent_message
from driftloop.base.serialize import to_json


@dataclass(frozen=True, slots=True)
class PostParent:
    """Post the parent message of an incident."""

    incident: Incident
    message: Message


@dataclass(frozen=True, slots=True)
class SendPost:
    """Send a post; in a thread where the receipt of one is given."""

    post: Post
    incident: Incident | None
    message: Message
    thread: Receipt | None


@dataclass(frozen=True, slots=True)
class AddPicture:
    """Add the picture of a post to its thread."""

    post: Post
    incident: Incident | None
    thread: Receipt | None


@dataclass(frozen=True, slots=True)
class UpdateParent:
    """Update a parent message."""

    incident: Incident
    parent: Parent
    message: Message


Step = PostParent | SendPost | AddPicture | UpdateParent


@dataclass(frozen=True, slots=True)
class Target:
    """A channel of a model, whether it has threads, and the present moment."""

    model: str
    channel: Channel
    threads: bool
    now: datetime

    @property
    def key(self) -> str:
        """The name under which deliveries are remembered."""
        return self.channel.key

    def holds(self, state: AlertState, level: Level) -> bool:
        """Return whether messages of this severity wait now."""
        return state.muted_at(self.now) is not None or self.channel.holds(level, self.now)


def next_step(state: AlertState, target: Target, skipped: Collection[str] = ()) -> Step | None:
    """Return the next step on a channel, or None; the pictures of `skipped` posts are left out."""
    for post in state.posts:
        incident = state.incident(post.incident)
        if target.holds(state, incident.severity if incident else post.level):
            continue
        if target.key in post.waiting:
            return _post_step(post, incident, target)
        if target.key in post.drawing and post.key not in skipped:
            return AddPicture(post, incident, _thread(incident, target))
    for incident in state.incidents if target.threads else ():
        message = _outdated(incident, target.model, target.key)
        if message is not None and not target.holds(state, incident.severity):
            return UpdateParent(incident, incident.parents[target.key], message)
    return None


def has_work(state: AlertState, target: Target) -> bool:
    """Return whether a channel may have a next step, with or without threads."""
    return any(next_step(state, replace(target, threads=threads)) for threads in (True, False))


def _post_step(post: Post, incident: Incident | None, target: Target) -> Step:
    thread = _thread(incident, target)
    if incident is None or not target.threads:
        return SendPost(post, incident, post.message, thread)
    if thread is None:
        return PostParent(incident, parent_message(target.model, incident))
    return SendPost(post, incident, post.line or post.message, thread)


def _thread(incident: Incident | None, target: Target) -> Receipt | None:
    parent = incident.parents.get(target.key) if incident is not None else None
    if parent is None or (target.threads and not parent.digest):
        return None  # posted when the channel had no threads
    return parent.receipt


def digest(message: Message) -> str:
    """Return a hash of the content of a message."""
    content = to_json([message.text, message.all_blocks])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def mark_started(state: AlertState, step: Step, target: Target) -> AlertState:
    """Return the state after sending was started; a message lost after that is searched for."""
    if isinstance(step, PostParent):
        incident = state.incident(step.incident.number) or step.incident
        return state.with_incident(
            replace(incident, begun={target.key: target.now, **incident.begun})
        )
    if isinstance(step, SendPost | AddPicture):
        post = _current(state, step.post)
        return state.with_post(replace(post, begun={target.key: target.now, **post.begun}))
    return state


def mark_done(state: AlertState, step: Step, target: Target, receipt: Receipt | None) -> AlertState:
    """Return the state after a step, with the receipt it returned."""
    if isinstance(step, PostParent | UpdateParent):
        return _mark_parent(state, step, target, receipt)
    post, key = _current(state, step.post), target.key
    times = {other: at for other, at in post.begun.items() if other != key}
    waiting = tuple(other for other in post.waiting if other != key)
    drawing = tuple(other for other in post.drawing if other != key)
    if isinstance(step, SendPost) and receipt is not None and target.threads and post.shapes:
        drawing = (*drawing, key)
    state = state.with_post(replace(post, waiting=waiting, drawing=drawing, begun=times))
    incident = state.incident(post.incident)
    if incident is None or receipt is None:
        return state
    parents = {key: Parent(receipt, ""), **incident.parents}
    return state.with_incident(replace(incident, parents=parents))


def _mark_parent(
    state: AlertState, step: PostParent | UpdateParent, target: Target, receipt: Receipt | None
) -> AlertState:
    incident = state.incident(step.incident.number) or step.incident
    known = step.parent.receipt if isinstance(step, UpdateParent) else receipt
    if known is None:
        return state
    parents = {**incident.parents, target.key: Parent(known, digest(step.message))}
    times = {key: at for key, at in incident.begun.items() if key != target.key}
    return state.with_incident(replace(incident, parents=parents, begun=times))


def _current(state: AlertState, post: Post) -> Post:
    return next((candidate for candidate in state.posts if candidate.key == post.key), post)


def prune(state: AlertState, model: str, channels: Collection[str]) -> AlertState:
    """Return the state without what will not be sent any more.

    That is earlier incidents that were reported completely, and posts for channels that are no
    longer configured.
    """
    for post in state.posts:
        waiting = tuple(key for key in post.waiting if key in channels)
        drawing = tuple(key for key in post.drawing if key in channels)
        state = state.with_post(replace(post, waiting=waiting, drawing=drawing))
    needed = {post.incident for post in state.posts}
    incidents = tuple(
        incident
        for incident in state.incidents
        if incident is state.newest
        or incident.number in needed
        or any(_outdated(incident, model, key) for key in channels)
    )
    return replace(state, incidents=incidents)


def _outdated(incident: Incident, model: str, key: str) -> Message | None:
    """Return what the parent message should say on a channel where it says something else."""
    parent = incident.parents.get(key)
    if parent is None or not parent.digest:
        return None
    message = parent_message(model, incident)
    return None if digest(message) == parent.digest else message
