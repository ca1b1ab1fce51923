"""What the commands about alerts print with ``--json``."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from driftloop.reporting.json.base import Output


class TalkBack(Output):
    """What is printed of a record of `driftloop.alerts.responses`, field by field."""

    @classmethod
    def of(cls, record: Any) -> Self:
        """Return what is printed of a record that has these fields."""
        return cls.model_validate(record, from_attributes=True)


class AckOutput(TalkBack):
    """``driftloop ack --json``."""

    model: str
    incident: int = Field(description="Its number, counted from 1 for each model.")
    since: datetime = Field(description="The start of the first window with trouble.")
    by: str
    sentence: str


class MuteOutput(TalkBack):
    """``driftloop mute --json``."""

    model: str
    until: datetime | None = Field(description="None where nothing is held back any more.")
    waiting: int = Field(description="Messages that wait to be sent.")
    sentence: str


class TriedChannel(Output):
    """One channel of a test."""

    channel: str
    delivered: bool
    sentence: str


class TestAlertOutput(TalkBack):
    """``driftloop test-alert --json``."""

    __test__ = False  # keeps pytest from collecting it

    model: str
    channels: tuple[TriedChannel, ...]
    sentence: str


class DeliverOutput(TalkBack):
    """``driftloop deliver --json`` and ``driftloop digest --json``."""

    sent: tuple[str, ...] = Field(description="Keys of the messages that went out.")
    waiting: tuple[str, ...] = Field(description="Keys of those that could not be sent.")
    held: int = Field(description="Messages held back by quiet hours or a mute.")
    errors: tuple[str, ...]
    sentence: str
