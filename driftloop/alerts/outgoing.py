"""A message on its way to one channel."""

from dataclasses import dataclass
from datetime import datetime

from driftloop.alerts.incident import Receipt
from driftloop.alerts.message import Kind, Level, Message
from driftloop.base.distribution import Shape


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message on its way to one channel.

    Args:
        key: identifies the message; the channel shows equal ones once where it can.
        kind: the event it reports.
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
