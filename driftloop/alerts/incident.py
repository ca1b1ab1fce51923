"""Incidents: episodes of trouble with one model, and the posts about them that wait to be sent.

The state of a model's alerts is one document. Every change of it is a function from the old to the
new document, so that it can be stored with compare-and-set: `driftloop.alerts.lifecycle` has what a
run changes, `driftloop.alerts.delivery_plan` what sending changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from driftloop.alerts.blocks import Line, Section
from driftloop.alerts.message import Kind, Level, Links, Message, Receipt
from driftloop.alerts.stored import upgraded_state
from driftloop.base.distribution import Shape
from driftloop.base.errors import DataError

Cause = Literal[
    "quality",
    "performance",
    "promise",
    "falling",
    "estimated",
    "drift",
    "blind",
    "no_champion",
    "moved",
    "no_skill",
]
CAUSES: dict[Cause, str] = {
    "quality": "data checks fail",
    "performance": "predictions got worse",
    "falling": "predictions are getting worse",
    "promise": "the same inputs lead to other outcomes",
    "estimated": "predictions are expected to be worse",
    "drift": "the inputs or predictions drifted",
    "blind": "runs can no longer judge the data",
    "no_champion": "the model has no champion",
    "moved": "the champion was changed by hand",
    "no_skill": "the champion is not proven better than guessing",
}
"""What each cause is, in a few words."""

KEPT_KEYS = 200
KEPT_POSTS = 100
KEPT_INCIDENTS = 20


@dataclass(frozen=True, slots=True)
class Parent:
    """The parent message of an incident on one channel, and a hash of what it says there now."""

    receipt: Receipt
    digest: str


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """What the parent message says.

    `causes` says what broke and how badly, the most severe first; `action` what driftloop did,
    `next_step` what the reader should do, `waiting` which version awaits approval, if one does,
    `fixed` that a better version is live since, and `limit` the score that such a one has to reach.
    """

    headline: str
    causes: tuple[Section, ...]
    action: str
    next_step: Line
    most_changed: tuple[Line, ...] = ()
    small_print: tuple[str, ...] = ()
    links: Links = field(default_factory=Links)
    waiting: str | None = None
    fixed: bool = False
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took an incident on, when, their comment, and whether they see no problem in it."""

    by: str
    at: datetime
    comment: str = ""
    not_a_problem: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """One episode of trouble.

    Args:
        number: counts a model's incidents from 1.
        since: the start of the first window with trouble since which no run was healthy; where a
            loss was seen by labels, that is of the window that was scored. `sinces` has it by
            cause, of the causes that the newest run with trouble saw.
        opened_at: the as-of time of the run that opened it.
        last: the same of the newest run that was taken into account.
        until: the same of the newest run with trouble; `severity` and `champion` are of that run.
        peak_severity: the highest severity so far, which decides which channels are sent it.
        causes: what was reported under the present champion.
        features: the features reported as drifted under the present champion.
        broken: the columns, or checks, reported as failed under the present champion.
        runs: runs with trouble so far; `quiet` healthy runs in a row since the last of them.
        needed: healthy runs in a row that close it; more once it was reopened.
        score: the worst realised score that was reported.
        parents: the parent message on each channel that has it.
        begun: when sending it was begun to a channel that gave no receipt yet.
    """

    number: int
    since: datetime
    opened_at: datetime
    last: datetime
    until: datetime
    severity: Level
    peak_severity: Level
    causes: tuple[Cause, ...]
    champion: str
    summary: IncidentSummary
    runs: int = 1
    quiet: int = 0
    needed: int = 2
    features: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    score: float | None = None
    acknowledged: Acknowledgement | None = None
    resolved_at: datetime | None = None
    sinces: Mapping[Cause, datetime] = field(default_factory=dict)
    parents: Mapping[str, Parent] = field(default_factory=dict)
    begun: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether it is not resolved yet."""
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Post:
    """A message to send, and the channels that have not got it yet.

    Args:
        key: posts with equal keys are the same and are sent once.
        incident: the number of the incident it belongs to; None for one that stands alone.
        message: what it says where it stands alone.
        line: what it says in the incident's thread; None where that is the same.
        loud: whether a reply is also shown in the channel, outside its thread.
        begun: when sending was begun to a channel that gave no receipt yet.
        shapes: the distributions that are drawn beside it.
        drawing: the channels that have the text, and not yet the picture.
    """

    key: str
    kind: Kind
    level: Level
    written: datetime
    message: Message
    waiting: tuple[str, ...]
    incident: int | None = None
    line: Message | None = None
    loud: bool = False
    begun: Mapping[str, datetime] = field(default_factory=dict)
    shapes: tuple[Shape, ...] = ()
    drawing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastIncident:
    """A resolved incident, in short, and whether a person saw no problem in it."""

    number: int
    since: datetime
    opened_at: datetime
    resolved_at: datetime
    peak_severity: Level
    causes: tuple[Cause, ...]
    not_a_problem: bool = False


@dataclass(frozen=True, slots=True)
class AlertState:
    """The alerts of one model: its incidents, what waits to be sent, and until when it is muted.

    Args:
        incidents: the newest one, and earlier ones with posts or updates to send, oldest first.
        posts: what waits to be sent, oldest first; `keys` the newest keys of what was written.
        past: the newest incidents that are over, oldest first.
        muted_until: until then nothing is sent.
        blind: runs in a row that could not judge.
        blind_since: the start of the window of the first of them.
        last: the as-of time of the newest run.
        failures: how often sending to a channel failed so far.
    """

    incidents: tuple[Incident, ...] = ()
    posts: tuple[Post, ...] = ()
    keys: tuple[str, ...] = ()
    past: tuple[PastIncident, ...] = ()
    muted_until: datetime | None = None
    muted_by: str = ""
    blind: int = 0
    blind_since: datetime | None = None
    last: datetime | None = None
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def newest(self) -> Incident | None:
        """The newest incident, open or not."""
        return self.incidents[-1] if self.incidents else None

    @property
    def open(self) -> Incident | None:
        """The open incident, if there is one."""
        newest = self.newest
        return newest if newest is not None and newest.open else None

    @property
    def resolved(self) -> Incident | None:
        """The newest incident that is over."""
        return next((old for old in reversed(self.incidents) if not old.open), None)

    def muted_at(self, moment: datetime) -> datetime | None:
        """Return until when the model is muted, or None where it is not at this moment."""
        until = self.muted_until
        return until if until is not None and moment < until else None

    def incident(self, number: int | None) -> Incident | None:
        """Return the incident with this number, or None."""
        return next((incident for incident in self.incidents if incident.number == number), None)

    def with_incident(self, incident: Incident) -> "AlertState":
        """Return the state with an incident as it is now, or with a new one."""
        others = tuple(other for other in self.incidents if other.number != incident.number)
        incidents = tuple(sorted((*others, incident), key=lambda other: other.number))
        return replace(self, incidents=incidents)

    def with_post(self, post: Post) -> "AlertState":
        """Return the state with a waiting post as it is now; one that waits no more is left out."""
        posts = (post if other.key == post.key else other for other in self.posts)
        return replace(self, posts=tuple(post for post in posts if post.waiting or post.drawing))

    def failed(self, channel: str) -> "AlertState":
        """Return the state that counts one more failure to send to a channel."""
        return replace(self, failures={**self.failures, channel: self.failures.get(channel, 0) + 1})

    def write(self, post: Post) -> "AlertState":
        """Return the state with a post to be sent; one whose key is known is left out.

        Where so many wait that a channel has been broken for long, the oldest gives way.
        """
        if post.key in self.keys:
            return self
        keys = (*self.keys, post.key)[-KEPT_KEYS:]
        posts = (*self.posts, post)[-KEPT_POSTS:] if post.waiting else self.posts
        return replace(self, posts=posts, keys=keys)

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "AlertState":
        """Return the stored state.

        Raises:
            DataError: if a field is missing or of the wrong type.
        """
        try:
            upgraded = upgraded_state(value) if isinstance(value, Mapping) else value
            return _ADAPTER.validate_python(upgraded)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "state"
            raise DataError(f"not a stored state of alerts: {where}: {first['msg']}") from None


_ADAPTER = TypeAdapter(AlertState)
