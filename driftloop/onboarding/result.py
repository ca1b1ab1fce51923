"""The result of ``driftloop init``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from driftloop.base.retrain_record import Champion
from driftloop.snapshots.options import ColumnRole


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace with a first champion; ``driftloop init --json``."""

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
