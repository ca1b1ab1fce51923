"""Numbers, times and headers as an on-call person reads them."""

import math
from collections.abc import Sequence
from datetime import datetime

from driftloop.alerts.blocks import Block, Header, Section, clean
from driftloop.alerts.message import Kind, Links, Message, Severity
from driftloop.base.scores import Score, score_text, shown_ends
from driftloop.base.scores import number as number

NO_BREAK = "\u00a0"
# Shapes differ as well as colours, and each stands for exactly one severity.
SIGNS: dict[Severity, str] = {"page": "🚨", "warning": "🟠", "info": "🔵", "good": "✅"}


NO_LINKS = Links()


def compose(
    key: str,
    kind: Kind,
    severity: Severity,
    model: str,
    headline: str,
    blocks: Sequence[Block],
    links: Links = NO_LINKS,
    lead: str | None = None,
) -> Message:
    """Return the message with its header and its text for notifications.

    That is the headline and `lead`, or the first line of the blocks where there is none.
    """
    title = f"{clean(model, 60)}: {clean(headline, 200)}"
    header = Header(f"{SIGNS[severity]} {title}")
    text = f"{title}. {lead_of(blocks) if lead is None else lead}"
    return Message(key, model, kind, severity, text, (header, *blocks), links)


def lead_of(blocks: Sequence[Block]) -> str:
    """Return the first line of the first paragraph, without style."""
    return next((block.lead for block in blocks if isinstance(block, Section)), "")


def scored(metric: str | None, value: float | None, low: float | None, high: float | None) -> str:
    """Return a score with its interval, if it has one, as people read the metric."""
    return score_text(metric, value) + interval(*shown_ends(metric, low, high))


def interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Return ` (low to high)`, or nothing where there is no interval."""
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    return f" ({number(low, sign)} to {number(high, sign)})" if known else ""


def score(value: Score) -> str:
    """Return a score with its interval."""
    return scored(value.metric, value.value, value.low, value.high)


def count(amount: int, noun: str) -> str:
    """Return `1 row`, `12,408 rows`."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def duration(start: datetime, end: datetime) -> str:
    """Return how long it is from `start` to `end`, in days, hours or minutes."""
    minutes = max(0, round((end - start).total_seconds() / 60))
    if minutes >= 2 * 1440:
        return count(minutes // 1440, "day")
    return count(minutes // 60, "hour") if minutes >= 120 else count(minutes, "minute")
