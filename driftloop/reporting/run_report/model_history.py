"""Past runs of a model, and where their reports are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from driftloop.base.records import Champion
from driftloop.decision.outcome import Outcome
from driftloop.promotion.ledger import Move
from driftloop.reporting.run_report.past_runs import Episode, RunPoint


@dataclass(frozen=True, slots=True)
class FetchedReport:
    """A report that was fetched; ``driftloop report --json``."""

    model: str
    as_of: Annotated[datetime, Field(description="The moment that the run was as of.")]
    run_id: Annotated[str, Field(description="Of the run in MLflow.")]
    outcome: Outcome
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
