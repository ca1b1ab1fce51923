"""A message to people, in a form that every channel can show, and its way to one channel."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from driftloop.alerts.blocks import Block, Context, Line, Span, joined
from driftloop.alerts.buttons import Button
from driftloop.base.distribution import Shape

Kind = Literal[
    "opened",
    "worsened",
    "reopened",
    "confirmed",
    "started",
    "retrained",
    "rolled_back",
    "observed",
    "stuck",
    "acknowledged",
    "resolved",
    "digest",
    "test",
]
Severity = Literal["page", "warning", "info", "good"]
Level = Literal["info", "warning", "page"]
"""The severity by which a message is routed; good news counts as information."""
LEVELS: tuple[Level, ...] = ("info", "warning", "page")
SMALL_STEPS: tuple[Kind, ...] = ("confirmed", "started", "acknowledged")
"""Kinds of messages that belong in a thread, and are minor where there are none."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a message points to; a missing one is left out."""

    prefect_run: str | None = None
    mlflow_run: str | None = None
    model_version: str | None = None
    report: str | None = None
    runbook: str | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The links there are, in the order in which they are shown."""
        urls = {
            "Report": self.report,
            "Runbook": self.runbook,
            "Prefect run": self.prefect_run,
            "MLflow run": self.mlflow_run,
            "Model version": self.model_version,
        }
        return tuple(filter(None, (link(label, url) for label, url in urls.items())))

    @property
    def footer(self) -> tuple[Context, ...]:
        """The line of links below a message; empty where there are none."""
        return (Context(Line(joined(self.spans))),) if self.spans else ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message; messages with equal keys are the same and are sent once.

    `text` is all of it in a sentence or two, for notifications. Every channel shows the links below
    the blocks; `buttons` only one that takes answers.
    """

    key: str
    model: str
    kind: Kind
    severity: Severity
    text: str
    blocks: tuple[Block, ...]
    links: Links = field(default_factory=Links)
    buttons: tuple[Button, ...] = ()

    @property
    def all_blocks(self) -> tuple[Block, ...]:
        """The blocks and the line of links."""
        return (*self.blocks, *self.links.footer)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A channel's receipt for a message: the place where it is, and its id there."""

    place: str
    ts: str


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


def link(label: str, url: str | None) -> Span | None:
    """Return a link, or None where the URL is missing or not HTTP(S)."""
    if url is None or not url.startswith(("http://", "https://")):
        return None
    return Span(label, "link", quote(url, safe="%/:=&?~#+!$,;'@()*[]"))


def event_key(model: str, as_of: datetime, kind: Kind, outcome: str = "") -> str:
    """Return the idempotency key of an event: the same run replayed gives the same key."""
    parts = (model, as_of.astimezone(UTC).isoformat(), kind, outcome)
    return "/".join(part for part in parts if part)
