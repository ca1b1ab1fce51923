"""The state of every model, as the rows of the dashboard."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from driftloop.alerts.messages.wording import count
from driftloop.base.serialize import UNPRINTED
from driftloop.decision.outcome import MOST_SEVERE_FIRST, TROUBLE, Outcome
from driftloop.reporting.business import BusinessSeries

SLACK = timedelta(days=1)
"""How much later than two windows a run may be before it counts as missing."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model, and its newest monitoring run.

    The outcome is ``missing`` where it never ran, ``inconclusive`` where it could not be evaluated;
    `problem` says why. A row is `stale` where its run is longer ago than it should be. `scores` are
    the realised ones of its newest runs, oldest first, None where labels were missing. `balance` is
    what trouble has cost so far, or the champion has brought. `report` is
    an address from the folder of the page, `links` are further pages as label and address.
    """

    model: str
    outcome: Outcome
    problem: str | None = None
    headline: str = ""
    sentence: Annotated[str, UNPRINTED] = ""
    as_of: datetime | None = None
    stale: bool = False
    scores: Annotated[tuple[float | None, ...], UNPRINTED] = ()
    metric: str | None = None
    score: float | None = None
    low: Annotated[float | None, UNPRINTED] = None
    high: Annotated[float | None, UNPRINTED] = None
    balance: str | None = None
    business: Annotated[tuple[BusinessSeries, ...], UNPRINTED] = ()
    rev: str | None = None
    champion: str | None = None
    promoted_at: datetime | None = None
    move: Annotated[str, UNPRINTED] = ""
    incident_since: datetime | None = None
    incident_severity: str | None = None
    report: str | None = None
    links: Annotated[tuple[tuple[str, str], ...], UNPRINTED] = ()
    run_id: Annotated[str, UNPRINTED] = ""

    @property
    def troubled(self) -> bool:
        """Whether it needs attention."""
        return self.outcome in TROUBLE or self.incident_since is not None or self.unwatched

    @property
    def unwatched(self) -> bool:
        """Whether its state is unknown."""
        blind = self.outcome in ("missing", "inconclusive", "empty")
        return self.problem is not None or self.stale or blind


_STATES = (
    "that could not be evaluated",
    "with an open incident",
    "not watched",
    "in trouble",
    "healthy",
)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The dashboard: its path, its summary and its rows; ``driftloop dashboard --json``."""

    path: str
    sentence: str
    models: tuple[ModelRow, ...]


def most_severe_first(rows: Iterable[ModelRow]) -> list[ModelRow]:
    """Return the rows, those that could not be evaluated first."""

    def key(row: ModelRow) -> tuple[bool, bool, int, str]:
        severity = MOST_SEVERE_FIRST.index(row.outcome)
        return row.problem is None, row.incident_since is None, severity, row.model

    return sorted(rows, key=key)


def is_stale(as_of: datetime, now: datetime, window_days: float) -> bool:
    """Say whether a model's newest run is older than two of its windows and a day."""
    return now - as_of > timedelta(days=2 * window_days) + SLACK


def dashboard_sentence(rows: Iterable[ModelRow]) -> str:
    """Return how many models are in which state, in one sentence; each is counted once."""
    rows = tuple(rows)
    if not rows:
        return "No model is configured."
    states = Counter(map(_state, rows))
    counted = (f"{states[state]} {state}" for state in _STATES if states[state])
    return f"{count(len(rows), 'model')}: {', '.join(counted)}."


def _state(row: ModelRow) -> str:
    """Return the one state that a model is counted in, so that the states add up to all models."""
    evaluated, incident, watched, trouble, healthy = _STATES
    if row.problem is not None:
        return evaluated
    if row.incident_since is not None:
        return incident
    if row.unwatched:
        return watched
    return trouble if row.troubled else healthy
