"""Results of what a person requested: acknowledge, mute, test, deliver."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The incident that a person took on."""

    model: str
    incident: int
    since: datetime
    by: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Muted:
    """Until when a model's messages wait; None where they do not."""

    model: str
    until: datetime | None
    waiting: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """Whether a test message reached a channel, and if not, why."""

    channel: str
    delivered: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class TestAlert:
    """What became of the test message on each of a model's channels."""

    __test__ = False  # keeps pytest from collecting it

    model: str
    channels: tuple[ChannelTest, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The delivery of all models' messages.

    `sent` and `waiting` are keys of messages; `held` counts those that wait for the end of quiet
    hours or of a mute; `errors` says why the others wait.
    """

    sent: tuple[str, ...]
    waiting: tuple[str, ...]
    held: int
    errors: tuple[str, ...]
    sentence: str
