"""The message: what is said, once, and how it is stored until it has been delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from driftloop.errors import DataError
from driftloop.records import to_plain

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

    def to_dict(self) -> dict[str, Any]:
        """Return the message as plain JSON types."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> "Message":
        """Return the message that `to_dict` stored.

        Raises:
            DataError: if a field is missing or of the wrong type.
        """
        try:
            return _ADAPTER.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "message"
            raise DataError(f"not a stored message: {where}: {first['msg']}") from None


_ADAPTER = TypeAdapter(Message)


def event_key(model: str, as_of: datetime, kind: Kind, outcome: str = "") -> str:
    """Return the idempotency key of an event: the same run replayed gives the same key."""
    parts = (model, as_of.astimezone(UTC).isoformat(), kind, outcome)
    return "/".join(part for part in parts if part)
