"""Past monitoring runs of a model, read from their tags, and its incidents."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from driftloop.alerts.incident import AlertState
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import Champion
from driftloop.base.serialize import UNPRINTED
from driftloop.base.tags import RunTags
from driftloop.decision.outcome import Outcome, outcome_of_record, outcome_of_tags
from driftloop.drift.effect_history import effect_words
from driftloop.promotion.ledger import MOVES, Entry, Move


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One monitoring run as a point in a model's history."""

    run_id: str
    as_of: datetime
    outcome: Annotated[Outcome, Field(description="The most severe finding.")]
    action: str
    champion: Annotated[str, Field(description="The version that was judged.")]
    rev: Annotated[str, Field(description="Commit of the data.")]
    headline: str
    sentence: str
    metric: str | None = None
    score: Annotated[
        float | None, Field(description="Realised performance; null where labels are missing.")
    ] = None
    low: float | None = None
    high: float | None = None
    estimated: Annotated[
        float | None,
        Field(description="Performance estimated on the run's window, without labels."),
    ] = None
    effects: Annotated[tuple[str, ...], UNPRINTED] = ()
    business: Annotated[Mapping[str, float], UNPRINTED] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Episode:
    """An incident, from the run that opened it; `end` is null while it is open."""

    start: datetime
    end: datetime | None
    severity: str
    since: Annotated[datetime, Field(description="Start of the first window with trouble.")]

    def covers(self, moment: datetime) -> bool:
        """Say whether a run at this moment fell into it."""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class FetchedReport:
    """A report that was fetched; ``driftloop report --json``."""

    model: str
    as_of: Annotated[datetime, Field(description="The moment that the run was as of.")]
    run_id: Annotated[str, Field(description="Of the run in MLflow.")]
    outcome: Outcome
    headline: Annotated[str, Field(description="What it came to in a few words.")]
    path: Annotated[str, Field(description="The local copy of the page.")]
    address: Annotated[
        str | None, Field(description="The page on the MLflow server, if there is one.")
    ]


@dataclass(frozen=True, slots=True)
class History:
    """Runs, changes of the champion and incidents; ``driftloop history --json``."""

    model: str
    champion: Champion
    runs: Annotated[tuple[RunPoint, ...], Field(description="Oldest first.")]
    moves: Annotated[tuple[Move, ...], Field(description="Changes of the champion, oldest first.")]
    incidents: Annotated[tuple[Episode, ...], Field(description="Oldest first.")]


def point_of_tags(run_id: str, tags: RunTags) -> RunPoint:
    """Return the point of a stored run."""
    return RunPoint(
        run_id,
        tags.as_of,
        outcome_of_tags(tags),
        tags.action or "",
        tags.champion or "",
        tags.rev or "",
        tags.headline or "",
        tags.sentence or "",
        tags.metric,
        tags.score,
        tags.score_low,
        tags.score_high,
        tags.estimated,
        tags.effects or (),
        business_of(tags),
    )


def business_of(tags: RunTags) -> dict[str, float]:
    """Return the business figures of a stored run by name, without what cannot be read."""
    figures = {}
    for word in tags.business or ():
        name, _, value = word.partition("=")
        with suppress(ValueError):
            figures[name] = float(value)
    return figures


def point_of_record(run_id: str, record: MonitorRecord) -> RunPoint:
    """Return the point of a run that has just finished."""
    performance = record.performance
    return RunPoint(
        run_id,
        record.as_of,
        outcome_of_record(record),
        record.decision.action,
        record.champion,
        record.rev,
        record.headline,
        record.verdict.sentence,
        performance.metric,
        performance.score,
        performance.low,
        performance.high,
        record.estimate.score if record.estimate else None,
        effect_words(record.findings),
        {figure.name: figure.value for figure in record.business if figure.value is not None},
    )


def episodes_of(alerts: AlertState) -> tuple[Episode, ...]:
    """Return the incidents of a model, oldest first, the open one last."""
    episodes = [
        Episode(past.opened_at, past.resolved_at, past.peak_severity, past.since)
        for past in alerts.past
    ]
    incident = alerts.open
    if incident is not None:
        episodes.append(Episode(incident.opened_at, None, incident.severity, incident.since))
    return tuple(episodes)


def last_move(ledger: Iterable[Entry]) -> Entry | None:
    """Return the newest entry by which the champion changed, or None."""
    moves = [entry for entry in ledger if entry.kind in MOVES]
    return moves[-1] if moves else None
