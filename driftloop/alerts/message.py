"""A message to people, in a form that every channel can show."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from driftloop.alerts.blocks import Block
from driftloop.alerts.links import Links

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
class Message:
    """One message; messages with equal keys are the same and are sent once.

    Args:
        key: identifies the message.
        model: the model it is about.
        kind: the event it reports.
        severity: how urgent it is.
        text: all of it in a sentence or two, for notifications.
        blocks: its parts.
        links: where to see more; every channel shows them below the blocks.
    """

    key: str
    model: str
    kind: Kind
    severity: Severity
    text: str
    blocks: tuple[Block, ...]
    links: Links = field(default_factory=Links)

    @property
    def all_blocks(self) -> tuple[Block, ...]:
        """The blocks and the line of links."""
        return (*self.blocks, *self.links.footer)


def event_key(model: str, as_of: datetime, kind: Kind, outcome: str = "") -> str:
    """Return the idempotency key of an event: the same run replayed gives the same key."""
    parts = (model, as_of.astimezone(UTC).isoformat(), kind, outcome)
    return "/".join(part for part in parts if part)
