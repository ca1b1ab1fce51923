"""The weekly digest: every model in one message, those in trouble first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from driftloop.alerts.blocks import Block, Line, Span, bold, clean, code, line, section
from driftloop.alerts.message import Level, Message
from driftloop.alerts.messages.wording import NO_BREAK, SIGNS, compose, count, duration, scored
from driftloop.base.periods import format_time
from driftloop.base.scores import metric_name
from driftloop.base.tags import RunTags

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
        last: the tags of its newest monitoring run; None where it never ran.
        age_days: days since the champion was promoted.
        open_since: since when an incident goes on; `severity` is that of the incident.
        incidents: incidents opened since the last digest.
        retrainings: retrainings since then.
        promotions: promotions since then.
        muted_until: until when its alerts are muted, where they are.
    """

    model: str
    last: RunTags | None
    age_days: int | None
    open_since: datetime | None = None
    severity: Level | None = None
    incidents: int = 0
    retrainings: int = 0
    promotions: int = 0
    muted_until: datetime | None = None

    @property
    def verdict(self) -> str | None:
        """The verdict of its newest run."""
        return self.last.verdict if self.last else None

    @property
    def in_trouble(self) -> bool:
        """Whether an incident goes on, or the newest run saw drift."""
        return self.open_since is not None or self.verdict == "drift"

    def late(self, until: datetime) -> bool:
        """Return whether no run was in the last seven days before a moment."""
        return self.last is None or until - self.last.as_of > LATELY

    def watched(self, until: datetime) -> bool:
        """Return whether a run of the last seven days could judge the model."""
        return self.verdict in ("ok", "warning") and not self.late(until)


def digest_message(channel: str, until: datetime, lines: tuple[DigestLine, ...]) -> Message:
    """Return the digest of all models: in trouble, not watched, healthy; nobody is left uncounted.

    A model that could not be judged, or did not run in the last seven days, is never called
    healthy. Where there are too many, the rest is counted and `driftloop status` shows them.
    """
    trouble = sorted((model for model in lines if model.in_trouble), key=_by_severity)
    others = [model for model in lines if not model.in_trouble]
    unwatched = [model for model in others if not model.watched(until)]
    healthy = [model for model in others if model.watched(until)]
    blocks = (
        section(bold(_summary(len(trouble), len(unwatched), len(healthy)))),
        *_group("In trouble", [_trouble_line(model, until) for model in trouble]),
        *_group("Not watched", [_unwatched_line(model, until) for model in unwatched]),
        *_healthy_group(healthy),
    )
    key = f"digest/{channel}/{until.astimezone(UTC).date().isoformat()}"
    headline = f"the week to {until.astimezone(UTC):%Y-%m-%d}"
    return compose(key, "digest", "info", EVERY, headline, blocks)


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
        else ""
    )
    late = [_last_run(model)] if model.late(until) else []
    details = " · ".join(filter(None, (_told(model), since, *late, *_figures(model))))
    return line(f"{SIGNS[model.severity or 'warning']} ", _name(model), f" {details}")


def _told(model: DigestLine) -> str:
    """Return the headline of the newest run."""
    headline = model.last.headline if model.last else None
    return clean(headline or "", 200)


def _unwatched_line(model: DigestLine, until: datetime) -> Line:
    why = _last_run(model) if model.late(until) else _told(model) or "not judged"
    return line(_name(model), f" {' · '.join((why, *_figures(model)))}", bullet=True)


def _healthy_group(healthy: Sequence[DigestLine]) -> list[Block]:
    if len(healthy) <= DETAILED:
        return _group("Healthy", [_healthy_line(model) for model in healthy])
    unchanged = [model for model in healthy if not _changed(model)]
    lines = [_healthy_line(model) for model in healthy if _changed(model)]
    names = [clean(model.model, 60) for model in unchanged]
    return [*_group("Healthy", lines), *_names("Healthy, and nothing happened: ", names)]


def _changed(model: DigestLine) -> bool:
    return bool(model.incidents or model.promotions or model.muted_until)


def _healthy_line(model: DigestLine) -> Line:
    near = ["close to a limit"] if model.verdict == "warning" else []
    details = "".join(f" · {part}" for part in (*near, *_figures(model)))
    return line(_name(model), details, bullet=True)


def _figures(model: DigestLine) -> list[str]:
    """Return score, age, what happened, and whether alerts are muted."""
    figures, last = [], model.last
    if last is not None and last.score is not None and last.metric is not None:
        score = scored(last.metric, last.score, last.score_low, last.score_high)
        figures.append(f"{clean(metric_name(last.metric), 40)} {score}")
    if last is not None and last.balance:
        figures.append(clean(last.balance, 80))
    if model.age_days is not None:
        figures.append(f"version {count(model.age_days, 'day')} old".replace(" ", NO_BREAK))
    happened = (
        (model.incidents, "incident"),
        (model.retrainings, "retraining"),
        (model.promotions, "promotion"),
    )
    figures += [count(amount, noun) for amount, noun in happened if amount]
    if model.muted_until is not None:
        figures.append(f"muted until {format_time(model.muted_until)}")
    return figures


def _last_run(model: DigestLine) -> str:
    return f"has not run since {format_time(model.last.as_of)}" if model.last else "never ran"


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
