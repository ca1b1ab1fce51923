"""What ``driftloop init --json`` prints."""

from datetime import datetime

from pydantic import Field

from driftloop.reporting.json.base import Champion, Output


class InferredColumn(Output):
    """What one column of the file was taken for."""

    name: str
    role: str = Field(description="time, label, key, numeric, categorical or left out.")
    reason: str


class InitOutput(Output):
    """``driftloop init --json``."""

    model: str
    workspace: str
    config: str
    rev: str
    rows: int
    batches: int
    train_until: datetime
    columns: tuple[InferredColumn, ...]
    notes: tuple[str, ...]
    champion: Champion
    score: float | None = Field(description="The champion's score on its own holdout.")
    metric: str | None
    sentence: str
