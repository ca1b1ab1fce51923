"""A page with one example of each message.

``python -m tools.gallery OUTFILE`` writes it.

A second argument names one part of it. The pictures of ``docs/alerts.md`` are made from it.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from driftloop.alerts.message import Message
from driftloop.alerts.messages import thread
from driftloop.alerts.messages.channel_test import alert_test_message
from driftloop.alerts.messages.digest import digest_message
from driftloop.alerts.messages.formats.html import channel_html
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.messages.versions import (
    answer_message,
    rollback_message,
    stuck_message,
    trial_message,
)
from driftloop.base.errors import ConfigError, valid_choices
from driftloop.base.retrain_record import RetrainRecord
from tools import alert_examples as of

Posts = tuple[tuple[Message, tuple[Message, ...]], ...]
CHANNEL = "slack:#ml-alerts"
_WHY = "Performance fell by another 0.057."


def gallery() -> Mapping[str, Posts]:
    """Return posts with their threads, by the name of what they show."""
    return {
        "opened": ((parent_message(of.MODEL, of.OPENED), ()),),
        "thread": ((parent_message(of.MODEL, of.HEALING), _thread()),),
        "resolved": ((parent_message(of.MODEL, of.OVER), ()),),
        "drift": ((parent_message(of.MODEL, of.SUSPECTED), ()),),
        "broken-data": ((parent_message(of.MODEL, of.FAULTY), ()),),
        "blind": ((parent_message(of.MODEL, of.BLIND), ()),),
        "worse-again": ((parent_message(of.MODEL, of.AGAIN), _worse()),),
        "waits": ((retrain_message(of.PROPOSED, of.LINKS), ()),),
        "not-promoted": _retrained(of.KEPT, of.REFUSED, of.FAILED),
        "versions": tuple((version, ()) for version in _versions()),
        "alone": tuple((message, ()) for message in _alone()),
        "digest": ((digest_message(CHANNEL, of.WEEK_END, of.FARED), ()),),
        "test": ((alert_test_message(of.MODEL, CHANNEL, of.AT), ()),),
    }


def messages() -> dict[str, Message]:
    """Return every message of the gallery by a name of its own."""
    found: dict[str, Message] = {}
    for part, posts in gallery().items():
        for place, (parent, replies) in enumerate(posts):
            for row, reply in enumerate((parent, *replies)):
                found[f"{part}-{place}-{row}-{reply.kind}"] = reply
    return found


def _thread() -> tuple[Message, ...]:
    return (
        thread.opened_line(of.WORSE, of.OPENED, of.LINKS),
        thread.started_line(of.WORSE, of.OPENED),
        retrain_message(of.PROMOTED, of.LINKS),
        thread.acknowledged_line(of.MODEL, of.TAKEN),
    )


def _worse() -> tuple[Message, ...]:
    return (
        thread.confirmed_line(of.STILL, of.TAKEN),
        thread.worsened_line(of.WORST, of.GRAVER, _WHY, of.LINKS),
        thread.resolved_line(of.BETTER, of.OVER, of.LINKS),
        thread.reopened_line(of.BACK, of.AGAIN, of.LINKS),
    )


def _retrained(*records: RetrainRecord) -> Posts:
    return tuple((retrain_message(record, of.LINKS), ()) for record in records)


def _versions() -> tuple[Message, ...]:
    return (
        answer_message(of.MODEL, of.AT, of.APPROVED, "Go", of.LINKS),
        trial_message(of.MODEL, of.AT, of.ROLLED_BACK, of.LINKS),
        rollback_message(of.MODEL, of.AT, "7", "8", "Requested by Ana.", of.LINKS),
        stuck_message(of.STOPPED, of.LINKS),
    )


def _alone() -> tuple[Message, ...]:
    return (
        thread.worsened_message(of.WORST, of.GRAVER, of.LINKS),
        thread.reopened_message(of.BACK, of.AGAIN, of.LINKS),
        thread.acknowledged_message(of.MODEL, of.TAKEN),
        thread.resolved_message(of.BETTER, of.OVER, of.LINKS),
    )


def write(path: Path, part: str | None = None) -> None:
    """Write the page, or one part of it.

    Raises:
        ConfigError: if there is no such part.
    """
    parts = gallery()
    if part is not None and part not in parts:
        raise ConfigError(f"no such part of the gallery; {valid_choices(part, parts)}")
    posts = parts[part] if part is not None else [post for part in parts.values() for post in part]
    path.write_text(channel_html("ml-alerts", posts), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), *sys.argv[2:3])
