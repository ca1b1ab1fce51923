"""The message about a rollback."""

from datetime import datetime

from driftloop.alerts.blocks import escape, section, sentence
from driftloop.alerts.links import Links
from driftloop.alerts.message import Message, event_key
from driftloop.alerts.messages.wording import compose


def rollback_message(
    model: str, at: datetime, version: str, previous: str, reason: str, links: Links
) -> Message:
    """Return the message that `version` is champion again in place of `previous`."""
    live, left = escape(version, 40), escape(previous, 40)
    summary = f"*Version {live} is live again* in place of version {left}."
    blocks = [
        section(summary),
        section(f"*Why*\n{sentence(reason)}"),
        section(
            "*What you should do*\nFind out why the newer version failed before the next "
            "retraining; drift or lost performance can start one at the next run."
        ),
    ]
    key = event_key(model, at, "rolled_back", version)
    return compose(key, "rolled_back", "info", model, "rolled back", summary, blocks, links)
