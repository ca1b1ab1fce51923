"""The result of ``driftloop init`` and ``adopt``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import Champion
from driftloop.snapshots.options import ColumnRole


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace with a first champion; ``driftloop init --json``, ``adopt --json``."""

    model: str
    workspace: str
    config: str
    rev: str
    rows: int
    batches: int
    train_until: datetime
    columns: Annotated[tuple[ColumnRole, ...], Field(description="What each column was taken for.")]
    notes: tuple[str, ...]
    champion: Champion
    score: Annotated[float | None, Field(description="The champion's score on its own holdout.")]
    metric: str | None
    sentence: str
    verdict: Annotated[
        MonitorRecord | None, Field(description="The first run, of a log that was adopted.")
    ] = None
    newest: Annotated[
        datetime | None,
        Field(description="The end of the newest whole period, if one lies behind the training."),
    ] = None
