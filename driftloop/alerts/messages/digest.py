"""The weekly digest: every model in one message, those in trouble first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from driftloop.alerts.blocks import Block, escape, section
from driftloop.alerts.channels.base import Level
from driftloop.alerts.message import Message
from driftloop.alerts.messages.wording import (
    NO_BREAK,
    SIGNS,
    compose,
    count,
    interval,
    lasted,
    number,
)
from driftloop.base.periods import format_time

EVERY = "all models"
LATELY = timedelta(days=7)
LINES_LIMIT = 2_800
"""Characters that the lines of one group may take: Slack cuts a section at 3,000."""

DETAILED = 20
"""More healthy models than this are only named."""


@dataclass(frozen=True, slots=True)
class DigestLine:
    """How one model fared.

    Args:
        model: its name.
        verdict: of its newest run; None where it never ran.
        metric: what its realised performance is measured by.
        score: its newest realised performance, with an interval from `low` to `high`.
        low: see `score`.
        high: see `score`.
        age_days: days since the champion was promoted.
        open_since: since when an incident goes on.
        severity: of that incident.
        incidents: incidents opened since the last digest.
        retrainings: retrainings since then.
        promotions: promotions since then.
        muted_until: until when its alerts are muted.
        last_run: the moment its newest run looked from.
    """

    model: str
    verdict: str | None
    metric: str | None
    score: float | None
    low: float | None
    high: float | None
    age_days: int | None
    open_since: datetime | None
    severity: Level | None
    incidents: int
    retrainings: int
    promotions: int
    muted_until: datetime | None
    last_run: datetime | None


def digest_message(channel: str, until: datetime, lines: tuple[DigestLine, ...]) -> Message:
    """Return the digest of all models: in trouble, not watched, healthy; nobody is left uncounted.

    A model that could not be judged, or did not run in the last seven days, is never called
    healthy. Where there are too many, the rest is counted and `driftloop status` shows them.
    """
    trouble = sorted(filter(_in_trouble, lines), key=_gravest)
    unwatched = [line for line in lines if not _in_trouble(line) and not _watched(line, until)]
    healthy = [line for line in lines if not _in_trouble(line) and _watched(line, until)]
    summary = _summary(len(trouble), len(unwatched), len(healthy))
    blocks = [section(f"*{summary}*")]
    blocks += _group("In trouble", [_trouble_line(digest_line, until) for digest_line in trouble])
    blocks += _group(
        "Not watched", [_unwatched_line(digest_line, until) for digest_line in unwatched]
    )
    blocks += _healthy_group(healthy, until)
    key = f"digest/{channel}/{until.astimezone(UTC).date().isoformat()}"
    headline = f"the week to {until.astimezone(UTC):%Y-%m-%d}"
    return compose(key, "digest", "info", EVERY, headline, summary, blocks)


def _in_trouble(line: DigestLine) -> bool:
    return line.open_since is not None or line.verdict == "drift"


def _watched(line: DigestLine, until: datetime) -> bool:
    judged = line.verdict in ("ok", "warning")
    return judged and line.last_run is not None and until - line.last_run <= LATELY


def _gravest(line: DigestLine) -> tuple[int, str]:
    return ("page", "warning", "info", None).index(line.severity), line.model


def _summary(trouble: int, unwatched: int, healthy: int) -> str:
    every = trouble + unwatched + healthy
    if not every:
        return "No model is monitored."
    parts = (f"{trouble} in trouble", f"{unwatched} not watched", f"{healthy} healthy")
    return f"{count(every, 'model')}: {', '.join(parts)}."


def _trouble_line(line: DigestLine, until: datetime) -> str:
    sign = SIGNS[line.severity or "warning"]
    since = (
        f"since {format_time(line.open_since)} ({lasted(line.open_since, until)})"
        if line.open_since is not None
        else "drift in the newest run"
    )
    late = [] if line.last_run and until - line.last_run <= LATELY else [_last_run(line)]
    return " · ".join((f"{sign} {_name(line)} {since}", *late, *_figures(line, until)))


def _unwatched_line(line: DigestLine, until: datetime) -> str:
    late = line.last_run is None or until - line.last_run > LATELY
    why = _last_run(line) if late else "the newest run could not judge it"
    return " · ".join((f"• {_name(line)} {why}", *_figures(line, until)))


def _healthy_group(healthy: Sequence[DigestLine], until: datetime) -> list[Block]:
    if len(healthy) <= DETAILED:
        return _group("Healthy", [_healthy_line(digest_line, until) for digest_line in healthy])
    changed = [one for one in healthy if one.incidents or one.promotions or _muted(one, until)]
    told = [_healthy_line(digest_line, until) for digest_line in changed]
    rest = [escape(one.model, 60) for one in healthy if one not in changed]
    names = _packed("Healthy, and nothing happened: ", rest, ", ", LINES_LIMIT)
    return [*_group("Healthy", told), section(names)] if rest else _group("Healthy", told)


def _healthy_line(line: DigestLine, until: datetime) -> str:
    near = ["close to a limit"] if line.verdict == "warning" else []
    return " · ".join((f"• {_name(line)}", *near, *_figures(line, until)))


def _figures(line: DigestLine, until: datetime) -> list[str]:
    """Return score, age, what happened, and whether alerts are muted."""
    found = []
    if line.score is not None and line.metric is not None:
        held = number(line.score) + interval(line.low, line.high)
        found.append(f"{escape(line.metric, 40)} {held}")
    if line.age_days is not None:
        found.append(f"version {count(line.age_days, 'day')} old".replace(" ", NO_BREAK))
    happened = (
        (line.incidents, "incident"),
        (line.retrainings, "retraining"),
        (line.promotions, "promotion"),
    )
    found += [count(amount, noun) for amount, noun in happened if amount]
    if _muted(line, until) and line.muted_until is not None:
        found.append(f"muted until {format_time(line.muted_until)}")
    return found


def _muted(line: DigestLine, until: datetime) -> bool:
    return line.muted_until is not None and line.muted_until > until


def _last_run(line: DigestLine) -> str:
    return (
        "never ran" if line.last_run is None else f"has not run since {format_time(line.last_run)}"
    )


def _name(line: DigestLine) -> str:
    return f"*{escape(line.model, 60)}*"


def _group(title: str, lines: Sequence[str]) -> list[Block]:
    return [section(_packed(f"*{title}*\n", lines, "\n", LINES_LIMIT))] if lines else []


def _packed(title: str, lines: Iterable[str], between: str, limit: int) -> str:
    """Return the lines that fit after a title, and how many do not."""
    every = list(lines)
    shown: list[str] = []
    room = limit - len(title)
    for line in every:
        room -= len(line) + len(between)
        if room < 0:
            break
        shown.append(line)
    left = len(every) - len(shown)
    more = [f"and {left:,} more: `driftloop status` shows them"] if left else []
    return title + between.join((*shown, *more))
