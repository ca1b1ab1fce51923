"""What a run changes about a model's incident: opened, worsened, confirmed, resolved, or nothing.

Healthy runs are silent, a repeat does not page again, and a flapping signal does not open and close
in turn: an incident closes after some healthy runs in a row, trouble that comes back soon reopens
it, and then it takes twice as many to close.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import Field, field_validator

from driftloop.alerts.channels import LEVELS, Channel, Level, SlackChannel
from driftloop.alerts.incident import AlertState, Card, Cause, Incident
from driftloop.alerts.message import Kind
from driftloop.base.errors import join_names
from driftloop.base.past_run import PastRun
from driftloop.base.records import MonitorRecord
from driftloop.base.settings import Settings

_MOST_NEEDED = 8


class AlertSettings(Settings):
    """Who is told, where, and when an incident opens and closes."""

    channels: tuple[Channel, ...] = Field(
        default=(SlackChannel(),), description="Where messages go, all of them."
    )
    blind_after: int = Field(
        default=3, ge=1, description="Inconclusive runs in a row before people are told."
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
    def _told_apart(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        keys = [channel.key for channel in channels]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is named twice; name each channel once")
        return channels


@dataclass(frozen=True, slots=True)
class Sight:
    """What a run saw, as far as it matters to an incident.

    `judged` is false where it could not tell whether the model is healthy.
    """

    as_of: datetime
    window_start: datetime
    causes: frozenset[Cause]
    champion: str
    judged: bool
    score: float | None
    proven_until: datetime | None
    """The end of the window in which the champion's performance provably held, if it did."""
    features: frozenset[str] = frozenset()
    """What drifted."""

    def level(self, causes: frozenset[Cause], since: datetime) -> Level:
        """Return how grave it is.

        Lost performance and broken data page. Drift warns, because its harm is unknown, and only
        informs once labels of the drifted time show that the champion holds.
        """
        if causes & {"quality", "performance"}:
            return "page"
        harmless = self.proven_until is not None and self.proven_until > since
        return "info" if causes == {"drift"} and harmless else "warning"


@dataclass(frozen=True, slots=True)
class Turn:
    """The state after a run, and what is new about the incident in the order it is told."""

    state: AlertState
    kinds: tuple[Kind, ...] = ()
    why: str = ""


def sight_of(record: MonitorRecord) -> Sight:
    """Return what a run saw."""
    found, causes = record.performance, causes_of(record)
    return Sight(
        as_of=record.as_of,
        window_start=record.window.start,
        causes=causes,
        champion=record.champion,
        judged=record.verdict.status != "inconclusive" or bool(causes),
        score=found.score if found.status == "fell" else None,
        proven_until=found.window.end if found.status == "ok" else None,
        features=frozenset(finding.name for finding in record.drifted)
        if "drift" in causes
        else frozenset(),
    )


def causes_of(record: MonitorRecord) -> frozenset[Cause]:
    """Return what is wrong in a run."""
    found: dict[Cause, bool] = {
        "quality": bool(record.broken),
        "performance": record.performance.status == "fell",
        "drift": record.verdict.status == "drift",
    }
    return frozenset(cause for cause, there in found.items() if there)


def turn(
    state: AlertState, sight: Sight, card: Card, settings: AlertSettings, margin: float
) -> Turn:
    """Return what a run changes; a run that looks from before the newest one changes nothing.

    The same run again changes nothing either, so that one that was cut off can be repeated.

    Args:
        state: the alerts so far.
        sight: what the run saw.
        card: what the parent message is to say if there is trouble.
        settings: when incidents open and close.
        margin: the further loss of the score, since it was last told, that is told again.
    """
    if state.last is not None and sight.as_of < state.last:
        return Turn(state)
    again = sight.as_of == state.last
    blind = 0 if sight.judged else blind_runs(state, sight.as_of)
    first = state.blind_since if blind > 1 else sight.window_start
    state = replace(state, blind=blind, blind_since=first if blind else None, last=sight.as_of)
    causes = sight.causes
    if blind >= settings.blind_after:
        causes = causes | {"blind"}
    if not causes:
        return _healthy(state, sight, again) if sight.judged else Turn(state)
    known = state.newest
    if known is None or not (known.open or _comes_back(known, causes, settings)):
        return _opened(state, sight, causes, card, settings)
    if not known.open:
        return _reopened(state, known, sight, causes, card)
    return _goes_on(state, known, sight, causes, card, margin)


def blind_runs(state: AlertState, as_of: datetime) -> int:
    """Return how many runs in a row could not judge, with one that looks from this moment."""
    return state.blind + (as_of != state.last)


def _comes_back(known: Incident, causes: frozenset[Cause], settings: AlertSettings) -> bool:
    """Say whether trouble is that of an incident that was closed a short while ago."""
    soon = known.quiet < known.needed + settings.reopen_within
    return soon and not causes.isdisjoint(known.causes)


def _opened(
    state: AlertState, sight: Sight, causes: frozenset[Cause], card: Card, settings: AlertSettings
) -> Turn:
    level = sight.level(causes, sight.window_start)
    starts = [sight.window_start, *([state.blind_since] if state.blind_since else [])]
    incident = Incident(
        number=state.next_number,
        since=min(starts),
        opened_at=sight.as_of,
        last=sight.as_of,
        until=sight.as_of,
        severity=level,
        gravest=level,
        causes=tuple(sorted(causes)),
        champion=sight.champion,
        card=card,
        needed=settings.close_after,
        features=tuple(sorted(sight.features)),
        score=sight.score,
    )
    return Turn(state.with_incident(incident), ("opened",))


def _reopened(
    state: AlertState, known: Incident, sight: Sight, causes: frozenset[Cause], card: Card
) -> Turn:
    level = sight.level(causes, sight.window_start)
    incident = replace(
        _seen(known, sight, level, card),
        causes=tuple(sorted(causes)),
        features=tuple(sorted(sight.features)),
        score=sight.score,
        runs=known.runs + 1,
        needed=min(2 * known.needed, max(_MOST_NEEDED, known.needed)),
        acknowledged=None,
        resolved_at=None,
    )
    past = tuple(one for one in state.past if one.number != known.number)
    state = replace(state, past=past).with_incident(incident)
    return Turn(state, ("reopened",))


def _goes_on(
    state: AlertState,
    known: Incident,
    sight: Sight,
    causes: frozenset[Cause],
    card: Card,
    margin: float,
) -> Turn:
    level, again = sight.level(causes, known.since), sight.as_of == known.last
    why = _why_worse(known, sight, causes, level, margin)
    changed = known.champion != sight.champion
    told, features = ((), ()) if changed else (known.causes, known.features)
    incident = replace(
        _seen(known, sight, level, card),
        causes=tuple(sorted({*told, *causes})),
        features=tuple(sorted({*features, *sight.features})),
        runs=known.runs + (not again),
        score=sight.score if why and sight.score is not None else known.score,
    )
    state = state.with_incident(incident)
    if why:
        return Turn(state, ("worsened",), why)
    return Turn(state, ("confirmed",) if known.runs == 1 and not again else ())


def _seen(known: Incident, sight: Sight, level: Level, card: Card) -> Incident:
    return replace(
        known,
        last=sight.as_of,
        until=sight.as_of,
        severity=level,
        gravest=max(known.gravest, level, key=LEVELS.index),
        champion=sight.champion,
        card=card,
        quiet=0,
    )


_NAMES: dict[Cause, str] = {
    "quality": "data checks fail",
    "performance": "predictions got worse",
    "drift": "the inputs or predictions drifted",
    "blind": "runs cannot judge the data any more",
}


def _why_worse(
    known: Incident,
    sight: Sight,
    causes: frozenset[Cause],
    level: Level,
    margin: float,
) -> str:
    """Return in a sentence what is worse than what people were told, or nothing."""
    if sight.champion != known.champion:
        return f"It goes on under version {sight.champion}."
    new = [cause for cause in _NAMES if cause in causes and cause not in known.causes]
    if new:
        return f"New: {', '.join(_NAMES[cause] for cause in new)}."
    if LEVELS.index(level) > LEVELS.index(known.gravest):
        return "It is graver than it was."
    others = sorted(sight.features.difference(known.features))
    if 2 * len(others) >= len(sight.features) > 0:
        return f"Others drift now: {join_names(others, 3)}."
    if known.score is not None and sight.score is not None:
        lost = known.score - sight.score
        if lost > margin:
            return f"The score fell by another {lost:.3f}."
    return ""


def _healthy(state: AlertState, sight: Sight, again: bool) -> Turn:
    known = state.newest
    if known is None or again:
        return Turn(state)
    calm = replace(known, quiet=known.quiet + 1, last=sight.as_of)
    if known.open and calm.quiet >= calm.needed:
        calm = replace(calm, resolved_at=sight.as_of)
        return Turn(state.with_incident(calm), ("resolved",))
    return Turn(state.with_incident(calm))


def newly_stuck(record: MonitorRecord, history: tuple[PastRun, ...]) -> bool:
    """Say whether this run is the first that needs a person since the loop last retrained."""
    if record.decision.held != "losing_streak":
        return False
    runs = (run for run in history if run.kind == "monitor")
    last = next((run for run in runs if run.held or run.action == "retrain"), None)
    return last is None or last.held != "losing_streak"
