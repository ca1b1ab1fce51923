"""Life cycle of incidents: a run opens, worsens, confirms or resolves one, or changes nothing.

Healthy runs are silent, a repeat does not page again, and a flapping signal does not open and close
in turn: an incident closes after some healthy runs in a row, trouble that comes back soon reopens
it, and then it takes twice as many to close.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import Field, field_validator

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.contacts import Contacts
from driftloop.alerts.incident import CAUSES, AlertState, Cause, Incident, IncidentSummary
from driftloop.alerts.message import LEVELS, Kind, Level
from driftloop.base.errors import join_names
from driftloop.base.findings import LOST
from driftloop.base.records import MonitorRecord
from driftloop.base.scores import number
from driftloop.base.settings import Settings
from driftloop.base.tags import PastRun

_MOST_NEEDED = 8
_BY_LABELS: tuple[Cause, ...] = ("performance", "falling", "promise")
"""Causes that are seen in the labelled window, which may be earlier than the current one."""


class AlertSettings(Settings):
    """Where alerts go, and when an incident opens and closes."""

    channels: tuple[Channel, ...] = Field(
        default=(SlackChannel(),), description="Channels that messages are sent to."
    )
    contacts: Contacts = Field(
        default=Contacts(), description="Who owns the model and its data, and the runbook."
    )
    blind_after: int = Field(
        default=3, ge=1, description="Inconclusive runs in a row before an incident opens."
    )
    close_after: int = Field(
        default=2, ge=1, le=30, description="Healthy runs in a row that resolve an incident."
    )
    reopen_within: int = Field(
        default=2,
        ge=0,
        le=30,
        description="Healthy runs after it closed in which the same trouble reopens an incident.",
    )

    @field_validator("channels")
    @classmethod
    def _distinct(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        keys = [channel.key for channel in channels]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is listed twice; list each channel once")
        return channels


@dataclass(frozen=True, slots=True)
class RunHealth:
    """The health of a model in one run, as far as it matters to an incident.

    `judged` is false where the run could not judge whether the model is healthy; `proven_until` is
    the end of the window in which the champion's performance provably held, if it did; `features`
    are those that drifted, `broken` the columns, or checks, that failed; `below` says that the
    score lies below its limit, proven or not; `margin` is the loss of score that is allowed;
    `harmless` says that performance is estimated to hold on this window, and that no label says
    otherwise; `sinces` has where a cause began, if that is not the start of the window: labels are
    of an earlier one, and drift may be older.
    """

    as_of: datetime
    window_start: datetime
    causes: frozenset[Cause]
    champion: str
    judged: bool
    score: float | None
    proven_until: datetime | None
    features: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    below: bool = False
    margin: float = 0.0
    harmless: bool = False
    sinces: Mapping[Cause, datetime] = field(default_factory=dict)

    def began(self, known: Incident | None = None) -> dict[Cause, datetime]:
        """Return where each cause began, as far as no run since was healthy."""
        before = {} if known is None or known.quiet else known.sinces
        own = {cause: self.sinces.get(cause, self.window_start) for cause in self.causes}
        return {cause: min(before.get(cause, at), at) for cause, at in own.items()}

    def level(self, since: datetime) -> Level:
        """Return the severity.

        A lost champion, lost performance, a broken promise and broken data page. Falling or
        estimated loss of performance warns. So does drift whose harm is unknown; it only informs
        where labels of the drifted time show that the champion holds, or where an estimate without
        labels says so and no label the contrary.
        """
        if self.causes & {"no_champion", "quality", "performance", "promise"}:
            return "page"
        harmless = self.harmless or (self.proven_until is not None and self.proven_until > since)
        return "info" if self.causes == {"drift"} and harmless else "warning"


@dataclass(frozen=True, slots=True)
class Transition:
    """The state after a run, and what is new about the incident, in the order of its posts."""

    state: AlertState
    kinds: tuple[Kind, ...] = ()
    why: str = ""


def run_health(record: MonitorRecord) -> RunHealth:
    """Return the health of the model in a run."""
    performance, drifted = record.performance, record.verdict.status == "drift"
    present: dict[Cause, bool] = {
        "quality": bool(record.broken),
        "performance": performance.worst == "fell",
        "falling": performance.worst == "falling",
        "promise": performance.broke_promise,
        "estimated": record.estimate is not None and record.estimate.status == "lost",
        "drift": drifted,
        "moved": record.moved is not None or record.changed is not None,
        "no_skill": record.doubt is not None,
    }
    causes = frozenset(cause for cause, is_present in present.items() if is_present)
    labelled: dict[Cause, datetime] = dict.fromkeys(_BY_LABELS, performance.window.start)
    return RunHealth(
        as_of=record.as_of,
        window_start=record.window.start,
        causes=causes,
        champion=record.champion,
        judged=record.verdict.status != "inconclusive" or bool(causes),
        score=performance.score if performance.status in LOST else None,
        proven_until=performance.window.end if performance.status == "ok" else None,
        features=frozenset(finding.name for finding in record.drifted if drifted),
        broken=frozenset(check.column or check.check for check in record.broken),
        below=performance.below or performance.status == "inconclusive",
        margin=performance.margin or 0.0,
        harmless=record.estimate is not None
        and record.estimate.status == "ok"
        and not performance.below,
        sinces=labelled | ({"drift": record.since} if record.since else {}),
    )


def advance(
    state: AlertState,
    health: RunHealth,
    summary: IncidentSummary,
    settings: AlertSettings,
) -> Transition:
    """Return what a run changes; a run as of before the newest one changes nothing.

    The same run again changes nothing either, so that one that was cut off can be repeated. The
    parent message says `summary` if there is trouble; a further loss of score of more than its
    margin since the last report is reported again.
    """
    if state.last is not None and health.as_of < state.last:
        return Transition(state)
    again = health.as_of == state.last
    blind = 0 if health.judged else blind_runs(state, health.as_of)
    first = state.blind_since if blind > 1 else health.window_start
    state = replace(state, blind=blind, blind_since=first if blind else None, last=health.as_of)
    if blind >= settings.blind_after:
        health = replace(health, causes=health.causes | {"blind"})
    known = state.newest
    if not health.causes:
        return _healthy(state, health, again) if health.judged else Transition(state)
    if known is None or not (known.open or _comes_back(known, health, settings)):
        return _opened(state, health, summary, settings)
    if not known.open:
        return _reopened(state, known, health, summary)
    if not again and _is_another(known, health):
        state = state.with_incident(replace(known, resolved_at=known.last))
        return replace(_opened(state, health, summary, settings), kinds=("resolved", "opened"))
    return _goes_on(state, known, health, summary)


def blind_runs(state: AlertState, as_of: datetime) -> int:
    """Return how many runs in a row could not judge, with the run as of this moment."""
    return state.blind + (as_of != state.last)


def _comes_back(known: Incident, health: RunHealth, settings: AlertSettings) -> bool:
    """Return whether trouble is that of an incident that was closed a short while ago."""
    soon = known.quiet < known.needed + settings.reopen_within
    return soon and not _is_another(known, health)


def _kinds(causes: Iterable[Cause]) -> set[Cause]:
    """Return the causes, a loss being one however it is seen."""
    return {"performance" if cause in (*_BY_LABELS, "estimated") else cause for cause in causes}


def _is_another(known: Incident, health: RunHealth) -> bool:
    """Return whether trouble after a healthy run is new: other causes, or mostly other features."""
    common = _kinds(health.causes) & _kinds(known.causes)
    others = health.features.difference(known.features)
    elsewhere = common == {"drift"} and 2 * len(others) > len(health.features)
    return known.quiet > 0 and (not common or elsewhere)


def _opened(
    state: AlertState, health: RunHealth, summary: IncidentSummary, settings: AlertSettings
) -> Transition:
    began = health.began()
    level = health.level(began.get("drift", health.window_start))
    incident = Incident(
        number=state.newest.number + 1 if state.newest is not None else 1,
        since=min([*began.values(), *([state.blind_since] if state.blind_since else [])]),
        sinces=began,
        opened_at=health.as_of,
        last=health.as_of,
        until=health.as_of,
        severity=level,
        peak_severity=level,
        causes=tuple(sorted(health.causes)),
        champion=health.champion,
        summary=summary,
        needed=settings.close_after,
        features=tuple(sorted(health.features)),
        broken=tuple(sorted(health.broken)),
        score=health.score,
    )
    return Transition(state.with_incident(incident), ("opened",))


def _reopened(
    state: AlertState, known: Incident, health: RunHealth, summary: IncidentSummary
) -> Transition:
    incident = replace(
        _seen(known, health, summary),
        causes=tuple(sorted(health.causes)),
        features=tuple(sorted(health.features)),
        broken=tuple(sorted(health.broken)),
        score=health.score,
        runs=known.runs + 1,
        needed=min(2 * known.needed, max(_MOST_NEEDED, known.needed)),
        acknowledged=None,
        resolved_at=None,
    )
    past = tuple(other for other in state.past if other.number != known.number)
    state = replace(state, past=past).with_incident(incident)
    return Transition(state, ("reopened",))


def _goes_on(
    state: AlertState, known: Incident, health: RunHealth, summary: IncidentSummary
) -> Transition:
    again, seen = health.as_of == known.last, _seen(known, health, summary)
    why = _why_worse(known, health, seen.severity)
    changed = known.champion != health.champion
    reported = replace(known, causes=(), features=(), broken=()) if changed else known
    incident = replace(
        seen,
        causes=tuple(sorted({*reported.causes, *health.causes})),
        features=tuple(sorted({*reported.features, *health.features})),
        broken=tuple(sorted({*reported.broken, *health.broken})),
        runs=known.runs + (not again),
        score=health.score if why and health.score is not None else known.score,
    )
    state = state.with_incident(incident)
    if why:
        return Transition(state, ("worsened",), why)
    return Transition(state, ("confirmed",) if known.runs == 1 and not again else ())


def _seen(known: Incident, health: RunHealth, summary: IncidentSummary) -> Incident:
    began = health.began(known)
    level = health.level(began.get("drift", health.window_start))
    before = [] if known.quiet else [known.since]
    return replace(
        known,
        since=min([*before, *began.values()]),
        sinces=began,
        last=health.as_of,
        until=health.as_of,
        severity=level,
        peak_severity=max(known.peak_severity, level, key=LEVELS.index),
        champion=health.champion,
        summary=summary,
        quiet=0,
    )


def _why_worse(known: Incident, health: RunHealth, level: Level) -> str:
    """Return a sentence on what is worse than reported before, or nothing."""
    if health.champion != known.champion:
        return f"It goes on under version {health.champion}."
    causes = health.causes.difference(known.causes)
    if causes:
        return f"New: {', '.join(name for cause, name in CAUSES.items() if cause in causes)}."
    if LEVELS.index(level) > LEVELS.index(known.peak_severity):
        return "It is more severe than before."
    # An incident kept by an older version does not say what was broken.
    if known.broken and (also := sorted(health.broken.difference(known.broken))):
        return f"Data checks fail on more: {join_names(also, 3)}."
    others = sorted(health.features.difference(known.features))
    if 2 * len(others) >= len(health.features) > 0:
        return f"Other features drift now: {join_names(others, 3)}."
    if known.score is not None and health.score is not None:
        lost = known.score - health.score
        if lost > health.margin:
            return f"Performance fell by another {number(lost)}."
    return ""


def _healthy(state: AlertState, health: RunHealth, again: bool) -> Transition:
    known = state.newest
    if known is None or again:
        return Transition(state)
    if known.open and health.below and {"performance", "falling"} & set(known.causes):
        return Transition(state)  # a loss that is no longer proven is not a recovery
    calm = replace(known, quiet=known.quiet + 1, last=health.as_of)
    if not known.open or calm.quiet < calm.needed:
        return Transition(state.with_incident(calm))
    resolved = replace(calm, resolved_at=health.as_of)
    return Transition(state.with_incident(resolved), ("resolved",))


def newly_stuck(record: MonitorRecord, history: tuple[PastRun, ...]) -> bool:
    """Return whether this run is the first that needs a person since the loop last retrained."""
    if record.decision.held != "losing_streak":
        return False
    runs = (run for run in history if run.kind == "monitor")
    last = next((run for run in runs if run.held or run.action == "retrain"), None)
    return last is None or last.held != "losing_streak"
