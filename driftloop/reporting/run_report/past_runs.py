"""Past monitoring runs, read from their tags: enough for a strip and a line of scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isnan

from driftloop.base.periods import parse_time
from driftloop.base.records import MonitorRecord
from driftloop.decision.outcome import Outcome, outcome_of, outcome_of_record
from driftloop.promotion.ledger import MOVES, Entry


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One monitoring run as a point in a model's history.

    `score` is the champion's realised performance with its interval, None where labels were
    missing; `rev` the commit of the data.
    """

    run_id: str
    as_of: datetime
    outcome: Outcome
    action: str
    champion: str
    rev: str
    sentence: str
    metric: str | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """An incident: from when to when, None while it goes on."""

    start: datetime
    end: datetime | None
    severity: str

    def covers(self, moment: datetime) -> bool:
        """Say whether a run at this moment fell into it."""
        return self.start <= moment and (self.end is None or moment <= self.end)


def point_of_tags(run_id: str, tags: Mapping[str, str]) -> RunPoint:
    """Return the point of a stored run, whose tags are named without ``driftloop.``."""
    failed = tags.get("quality_failed") == "true"
    scores = (_number(tags.get(name)) for name in ("score", "score_low", "score_high"))
    return RunPoint(
        run_id,
        parse_time(tags["as_of"]),
        outcome_of(tags.get("verdict", ""), failed, tags.get("performance", "")),
        tags.get("action", ""),
        tags.get("champion", ""),
        tags.get("rev", ""),
        tags.get("sentence", ""),
        tags.get("metric"),
        *scores,
    )


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
        record.verdict.sentence,
        performance.metric,
        performance.score,
        performance.low,
        performance.high,
    )


def last_move(ledger: Iterable[Entry]) -> Entry | None:
    """Return the newest entry by which the champion changed, or None."""
    moves = [entry for entry in ledger if entry.kind in MOVES]
    return moves[-1] if moves else None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else None
    except ValueError:
        return None
    return None if number is None or isnan(number) else number
