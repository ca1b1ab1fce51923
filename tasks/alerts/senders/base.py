"""What delivers messages to a channel, and what it is handed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from driftloop.alerts.channels import Level
from driftloop.alerts.incident import Receipt
from driftloop.alerts.message import Kind, Message
from driftloop.base.distribution import Shape
from driftloop.base.errors import DeliveryError

TIMEOUT = 10.0
"""Seconds that a service has for an answer."""
RETRIES = 2
"""How often one call is made again."""
PAUSE = 0.5
"""Seconds before a call is made again; the double before the next."""
LONGEST_WAIT = 30
"""Seconds that a service may ask to wait; beyond that it is left to the next run."""
SMALL_STEPS: tuple[Kind, ...] = ("confirmed", "started", "acknowledged")
"""What belongs in a thread, and is little news where there are none."""


class LostAnswerError(DeliveryError):
    """A service did not answer, or not readably: the message may have arrived or not."""


class UnderWayError(LostAnswerError):
    """A service did not answer in time: the message may even arrive later."""


class RefusedError(DeliveryError):
    """A service answered that it does not take the message; `code` is its own word for why."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class PartlyRefusedError(RefusedError):
    """Some people have the message and others can never get it as things are.

    Sending it again would tell those twice who have it.
    """


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to one channel.

    Args:
        key: what makes it the same as another; the channel shows equal ones once where it can.
        kind: what it is about.
        message: what it says.
        incident: the id of its incident, such as ``payments-3``; None where it stands alone.
        level: the severity of the incident, or of the message where it stands alone.
        thread: the receipt of what it answers; None where it begins a thread or there is none.
        broadcast: whether a reply is also shown outside its thread.
        mention: whether people are mentioned where the severity asks for it.
        begun: when sending it was first tried without a receipt; it may have arrived since then.
        shapes: the distributions drawn beside it.
    """

    key: str
    kind: Kind
    message: Message
    incident: str | None = None
    level: Level = "info"
    thread: Receipt | None = None
    broadcast: bool = False
    mention: bool = True
    begun: datetime | None = None
    shapes: tuple[Shape, ...] = ()


class Sender(Protocol):
    """What delivers messages to one channel."""

    @property
    def key(self) -> str:
        """The channel's name in the alerts."""

    @property
    def threads(self) -> bool:
        """Whether an incident is one message with a thread here, or a message an event."""

    def wants(self, kind: Kind) -> bool:
        """Say whether messages of this kind are of use here."""

    def send(self, parcel: Parcel) -> Receipt:
        """Deliver a message and return its receipt; once, where the channel lets that be told.

        Where sending was begun before, or an answer was lost, it is first looked for.

        Raises:
            DeliveryError: if it was not delivered, or may not have been; the text says what to
                mend.
        """

    def draw(self, parcel: Parcel) -> Receipt | None:
        """Add the picture of the parcel's shapes to its thread once, or return None.

        None where the channel shows no pictures, or does not let driftloop upload them.

        Raises:
            DeliveryError: as `send`.
        """

    def update(self, receipt: Receipt, message: Message) -> None:
        """Let a message say something else, without telling people; nothing without threads.

        Raises:
            DeliveryError: as `send`.
        """


class Flat:
    """What holds for a channel without threads: a message an event, which stays as it was told."""

    __slots__ = ()

    @property
    def threads(self) -> bool:
        """Whether an incident is one message with a thread here: it is not."""
        return False

    def draw(self, parcel: Parcel) -> Receipt | None:
        """Return None: no pictures are shown here."""
        return None

    def update(self, receipt: Receipt, message: Message) -> None:
        """Do nothing: what was told is not changed."""
