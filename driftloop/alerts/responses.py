"""Results of what a person requested: acknowledge, mute, test, deliver."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The incident that a person took on; ``driftloop ack --json``."""

    model: str
    incident: Annotated[int, Field(description="Its number, counted from 1 for each model.")]
    since: Annotated[datetime, Field(description="The start of the first window with trouble.")]
    by: str
    sentence: str
    not_a_problem: Annotated[bool, Field(description="Whether they see no problem in it.")] = False


@dataclass(frozen=True, slots=True)
class Muted:
    """Until when a model's messages are held back; ``driftloop mute --json``."""

    model: str
    until: Annotated[datetime | None, Field(description="None where nothing is held back.")]
    waiting: Annotated[int, Field(description="Messages that wait to be sent.")]
    sentence: str


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """Whether a test message reached a channel, and if not, why."""

    channel: str
    delivered: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class TestAlert:
    """The test of each of a model's channels; ``driftloop test-alert --json``."""

    __test__ = False  # keeps pytest from collecting it

    model: str
    channels: tuple[ChannelTest, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The delivery of all models' messages.

    ``driftloop deliver --json`` and ``driftloop digest --json`` print it.
    """

    sent: Annotated[tuple[str, ...], Field(description="Keys of the messages that went out.")]
    waiting: Annotated[tuple[str, ...], Field(description="Keys of those that could not be sent.")]
    held: Annotated[int, Field(description="Messages held back by quiet hours or a mute.")]
    errors: Annotated[tuple[str, ...], Field(description="Why messages could not be sent.")]
    sentence: str
