"""The message: what is said, once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell people; messages with equal keys are the same and are sent once."""

    key: str
    model: str
    kind: Kind
    severity: Severity
    text: str
    blocks: tuple[dict[str, Any], ...]


def event_key(model: str, as_of: datetime, kind: Kind, outcome: str = "") -> str:
    """Return the idempotency key of an event: the same run replayed gives the same key."""
    parts = (model, as_of.astimezone(UTC).isoformat(), kind, outcome)
    return "/".join(part for part in parts if part)
