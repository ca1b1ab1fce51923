"""What the commands about alerts print with ``--json``."""

from datetime import datetime

from pydantic import Field

from driftloop.output import Output
from driftloop.talk_back import Acknowledged, Muted, Swept, TestAlert


class AckOutput(Output):
    """``driftloop ack --json``."""

    model: str
    incident: int = Field(description="Its number, counted from 1 for each model.")
    since: datetime = Field(description="The start of the first window with trouble.")
    by: str
    sentence: str

    @staticmethod
    def of(done: Acknowledged) -> "AckOutput":
        """Return what is printed of an acknowledgement."""
        return AckOutput(
            model=done.model,
            incident=done.incident,
            since=done.since,
            by=done.by,
            sentence=done.sentence,
        )


class MuteOutput(Output):
    """``driftloop mute --json``."""

    model: str
    until: datetime | None = Field(description="None where nothing is held back any more.")
    waiting: int = Field(description="Messages that wait to be sent.")
    sentence: str

    @staticmethod
    def of(done: Muted) -> "MuteOutput":
        """Return what is printed of a mute."""
        return MuteOutput(
            model=done.model, until=done.until, waiting=done.waiting, sentence=done.sentence
        )


class TriedChannel(Output):
    """One channel of a test."""

    channel: str
    delivered: bool
    sentence: str


class TestAlertOutput(Output):
    """``driftloop test-alert --json``."""

    __test__ = False  # keeps pytest from collecting it

    model: str
    channels: tuple[TriedChannel, ...]
    sentence: str

    @staticmethod
    def of(found: TestAlert) -> "TestAlertOutput":
        """Return what is printed of a test."""
        tried = tuple(
            TriedChannel(channel=one.channel, delivered=one.delivered, sentence=one.sentence)
            for one in found.channels
        )
        return TestAlertOutput(model=found.model, channels=tried, sentence=found.sentence)


class DeliverOutput(Output):
    """``driftloop deliver --json`` and ``driftloop digest --json``."""

    sent: tuple[str, ...] = Field(description="Keys of the messages that went out.")
    waiting: tuple[str, ...] = Field(description="Keys of those that could not be sent.")
    held: int = Field(description="Messages held back by quiet hours or a mute.")
    errors: tuple[str, ...]
    sentence: str

    @staticmethod
    def of(done: Swept) -> "DeliverOutput":
        """Return what is printed of a delivery."""
        return DeliverOutput(
            sent=done.sent,
            waiting=done.waiting,
            held=done.held,
            errors=done.errors,
            sentence=done.sentence,
        )
