"""What the tests of senders send."""

from datetime import UTC, datetime
from typing import Any

from driftloop.alerts.blocks import Fields, Header, bold, context, line, section
from driftloop.alerts.message import Kind, Links, Message, OutgoingMessage
from driftloop.base.distribution import Shape

NOW = datetime.now(UTC)
SHAPE = Shape("amount", (), (0.0, 1.0, 2.0), (0.5, 0.5), (0.2, 0.8))


def message(key: str = "payments/1/opened", kind: Kind = "opened", **changes: Any) -> Message:
    """A message such as the project's."""
    headline = "🚨 payments: data checks failed"
    shown = (
        Header(headline),
        section(line(bold("2 of 9 checks failed:"), " a < b [red]c[/red]")),
        Fields((("Old score", "0.842"), ("New score", "0.861"), ("Gain", "+0.019"))),
        context("data a1b2"),
    )
    parts = {"severity": "page", "text": "payments: data checks failed & more", "blocks": shown}
    parts["links"] = Links("http://prefect/runs/1?a=1&b=2")
    return Message(key, "payments", kind, **{**parts, **changes})


def outgoing(
    key: str = "payments/1/opened", kind: Kind = "opened", **changes: Any
) -> OutgoingMessage:
    """A outgoing of an incident, which a page is about."""
    given = {"incident": "payments-3", "level": "page", "message": message(key, kind)}
    return OutgoingMessage(key, kind, **{**given, **changes})
