"""How every model stands: what a row of the page of all models is made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftloop.decision.outcome import MOST_SEVERE_FIRST, Outcome

SLACK = timedelta(days=1)
"""How much later than two windows a run may be before it counts as missing."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model.

    Args:
        model: its name.
        outcome: of its newest run; ``missing`` where it never ran, ``inconclusive`` where it could
            not be looked at.
        problem: why it could not be looked at: its configuration, the registry, or its alerts.
        sentence: what its newest run said.
        as_of: the moment that run looked from.
        stale: whether that is longer ago than it should be.
        scores: realised scores of its newest runs, oldest first, None where labels were missing.
        metric: what they are of.
        score: the newest score, with its interval from `low` to `high`.
        low: see `score`.
        high: see `score`.
        rev: commit of the data of its newest run.
        champion: the version that serves.
        promoted_at: when that version became champion.
        move: the last change of the champion, in words.
        incident_since: since when an incident goes on.
        incident_severity: of that incident.
        report: its newest report, from the folder of the page.
        links: further places to look, as label and address.
        run_id: of its newest run in MLflow.
    """

    model: str
    outcome: Outcome
    problem: str | None = None
    sentence: str = ""
    as_of: datetime | None = None
    stale: bool = False
    scores: tuple[float | None, ...] = ()
    metric: str | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    rev: str | None = None
    champion: str | None = None
    promoted_at: datetime | None = None
    move: str = ""
    incident_since: datetime | None = None
    incident_severity: str | None = None
    report: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    run_id: str = ""

    @property
    def troubled(self) -> bool:
        """Whether somebody should look at it."""
        return (
            self.outcome in ("broken", "fell", "drift")
            or self.incident_since is not None
            or self.unwatched
        )

    @property
    def unwatched(self) -> bool:
        """Whether nobody can say how it is."""
        return self.problem is not None or self.stale or self.outcome in ("missing", "inconclusive")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The page of all models: where it is, and what is on it."""

    path: str
    sentence: str
    models: tuple[ModelRow, ...]


def gravest_first(rows: Iterable[ModelRow]) -> list[ModelRow]:
    """Return the rows as people want to read them: those that cannot be looked at first."""

    def key(row: ModelRow) -> tuple[bool, bool, int, str]:
        known = row.problem is None
        return known, row.incident_since is None, MOST_SEVERE_FIRST.index(row.outcome), row.model

    return sorted(rows, key=key)


def is_stale(as_of: datetime, now: datetime, window_days: float) -> bool:
    """Say whether a model's newest run is older than two of its windows and a day."""
    return now - as_of > timedelta(days=2 * window_days) + SLACK


def fleet_sentence(rows: Iterable[ModelRow]) -> str:
    """Return how all models fare, in one sentence."""
    every = tuple(rows)
    if not every:
        return "No model is configured."
    parts = [
        (sum(row.incident_since is not None for row in every), "with an open incident"),
        (sum(row.problem is not None for row in every), "that cannot be looked at"),
        (sum(one.problem is None and one.unwatched for one in every), "not watched"),
        (sum(not row.troubled for row in every), "healthy"),
    ]
    told = ", ".join(f"{amount} {what}" for amount, what in parts)
    return f"{len(every):,} model{'' if len(every) == 1 else 's'}: {told}."
