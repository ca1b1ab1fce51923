"""The weekly digest: every model in one message, those in trouble first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from driftloop.alerts.blocks import Block, Line, Span, bold, clean, code, line, section
from driftloop.alerts.message import Level, Message
from driftloop.alerts.messages.wording import (
    NO_BREAK,
    SIGNS,
    compose,
    count,
    duration,
    interval,
    number,
)
from driftloop.base.periods import format_time

EVERY = "all models"
LATELY = timedelta(days=7)
LINES_LIMIT = 2_800
"""Characters that the lines of one group may take, so that no channel has to cut them."""

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
        last_run: the as-of time of its newest run.
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
    trouble = sorted(filter(_in_trouble, lines), key=_by_severity)
    unwatched = [line for line in lines if not _in_trouble(line) and not _watched(line, until)]
    healthy = [line for line in lines if not _in_trouble(line) and _watched(line, until)]
    lead = _summary(len(trouble), len(unwatched), len(healthy))
    blocks: list[Block] = [section(bold(lead))]
    blocks += _group("In trouble", [_trouble_line(model, until) for model in trouble])
    blocks += _group("Not watched", [_unwatched_line(model, until) for model in unwatched])
    blocks += _healthy_group(healthy, until)
    key = f"digest/{channel}/{until.astimezone(UTC).date().isoformat()}"
    headline = f"the week to {until.astimezone(UTC):%Y-%m-%d}"
    return compose(key, "digest", "info", EVERY, headline, lead, blocks)


def _in_trouble(line: DigestLine) -> bool:
    return line.open_since is not None or line.verdict == "drift"


def _watched(line: DigestLine, until: datetime) -> bool:
    judged = line.verdict in ("ok", "warning")
    return judged and line.last_run is not None and until - line.last_run <= LATELY


def _by_severity(line: DigestLine) -> tuple[int, str]:
    return ("page", "warning", "info", None).index(line.severity), line.model


def _summary(trouble: int, unwatched: int, healthy: int) -> str:
    every = trouble + unwatched + healthy
    if not every:
        return "No model is monitored."
    parts = (f"{trouble} in trouble", f"{unwatched} not watched", f"{healthy} healthy")
    return f"{count(every, 'model')}: {', '.join(parts)}."


def _trouble_line(model: DigestLine, until: datetime) -> Line:
    since = (
        f"since {format_time(model.open_since)} ({duration(model.open_since, until)})"
        if model.open_since is not None
        else "drift in the newest run"
    )
    late = [] if model.last_run and until - model.last_run <= LATELY else [_last_run(model)]
    details = " · ".join((since, *late, *_figures(model, until)))
    return line(f"{SIGNS[model.severity or 'warning']} ", _name(model), f" {details}")


def _unwatched_line(model: DigestLine, until: datetime) -> Line:
    late = model.last_run is None or until - model.last_run > LATELY
    why = _last_run(model) if late else "the newest run could not judge it"
    details = " · ".join((why, *_figures(model, until)))
    return line(_name(model), f" {details}", bullet=True)


def _healthy_group(healthy: Sequence[DigestLine], until: datetime) -> list[Block]:
    if len(healthy) <= DETAILED:
        return _group("Healthy", [_healthy_line(model, until) for model in healthy])
    changed = [model for model in healthy if _changed(model, until)]
    lines = [_healthy_line(model, until) for model in changed]
    unchanged = [clean(model.model, 60) for model in healthy if not _changed(model, until)]
    return [*_group("Healthy", lines), *_names("Healthy, and nothing happened: ", unchanged)]


def _changed(model: DigestLine, until: datetime) -> bool:
    return bool(model.incidents or model.promotions or _muted(model, until))


def _healthy_line(model: DigestLine, until: datetime) -> Line:
    near = ["close to a limit"] if model.verdict == "warning" else []
    details = "".join(f" · {part}" for part in (*near, *_figures(model, until)))
    return line(_name(model), details, bullet=True)


def _figures(line: DigestLine, until: datetime) -> list[str]:
    """Return score, age, what happened, and whether alerts are muted."""
    figures = []
    if line.score is not None and line.metric is not None:
        score = number(line.score) + interval(line.low, line.high)
        figures.append(f"{clean(line.metric, 40)} {score}")
    if line.age_days is not None:
        figures.append(f"version {count(line.age_days, 'day')} old".replace(" ", NO_BREAK))
    happened = (
        (line.incidents, "incident"),
        (line.retrainings, "retraining"),
        (line.promotions, "promotion"),
    )
    figures += [count(amount, noun) for amount, noun in happened if amount]
    if _muted(line, until) and line.muted_until is not None:
        figures.append(f"muted until {format_time(line.muted_until)}")
    return figures


def _muted(line: DigestLine, until: datetime) -> bool:
    return line.muted_until is not None and line.muted_until > until


def _last_run(line: DigestLine) -> str:
    return (
        "never ran" if line.last_run is None else f"has not run since {format_time(line.last_run)}"
    )


def _name(model: DigestLine) -> Span:
    return bold(clean(model.model, 60))


def _group(title: str, lines: Sequence[Line]) -> list[Block]:
    if not lines:
        return []
    shown = _fitting([item.plain for item in lines])
    left = [line(*_left_out(len(lines) - shown))] if shown < len(lines) else []
    return [section(bold(title), *lines[:shown], *left)]


def _names(title: str, names: Sequence[str]) -> list[Block]:
    if not names:
        return []
    shown = _fitting(names)
    left = (", ", *_left_out(len(names) - shown)) if shown < len(names) else ()
    return [section(line(title + ", ".join(names[:shown]), *left))]


def _fitting(texts: Sequence[str]) -> int:
    """Return how many of the first texts fit into one section."""
    ends = accumulate(len(text) + 2 for text in texts)
    return sum(end <= LINES_LIMIT for end in ends)


def _left_out(amount: int) -> tuple[str | Span, ...]:
    return f"and {amount:,} more: ", code("driftloop status"), " shows them"
