"""The message that shows that alerts arrive, and nothing else."""

from datetime import datetime

from driftloop.alerts.blocks import bold, clean, context, line, section
from driftloop.alerts.message import Message, event_key
from driftloop.alerts.messages.parent import NOTHING, step_block
from driftloop.alerts.messages.wording import compose
from driftloop.base.periods import format_time


def alert_test_message(model: str, channel: str, at: datetime) -> Message:
    """Return a message that says that it is a test and which channel it reached."""
    lead = "This is a test. Nothing is wrong."
    reached = f" Alerts about this model reach {clean(channel, 100)}."
    blocks = (
        section(line(bold(lead), reached)),
        step_block(NOTHING),
        context(f"Sent {format_time(at)} UTC"),
    )
    key = event_key(model, at, "test", channel)
    return compose(key, "test", "info", model, "TEST of alerts", blocks, lead=lead)
