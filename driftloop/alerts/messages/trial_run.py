"""The message that shows that alerts arrive, and nothing else."""

from datetime import datetime

from driftloop.alerts.blocks import context, escape, section
from driftloop.alerts.message import Message, event_key
from driftloop.alerts.messages.wording import compose
from driftloop.base.periods import format_time


def alert_test_message(model: str, channel: str, at: datetime) -> Message:
    """Return a message that says that it is a test and which channel it reached."""
    where = escape(channel, 100)
    summary = "*This is a test. Nothing is wrong.*"
    blocks = [
        section(f"{summary} Alerts about this model reach {where}."),
        section("*What you should do*\nNothing."),
        context(f"Sent {format_time(at)} UTC"),
    ]
    key = event_key(model, at, "test", channel)
    return compose(key, "test", "info", model, "TEST of alerts", summary, blocks)
