"""What ``driftloop snapshot --json`` prints."""

from datetime import datetime
from typing import Self

from pydantic import Field

from driftloop.reporting.json.base import Output
from driftloop.snapshots.record import SnapshotRecord


class SnapshotOutput(Output):
    """``driftloop snapshot --json``."""

    model: str
    as_of: datetime
    made: bool = Field(description="Whether there is a new snapshot.")
    rev: str = Field(description="Commit of the data after the run.")
    tag: str | None = Field(description="Of the new snapshot, else of the newest one there is.")
    added: int = Field(description="New rows.")
    changed: int = Field(description="Rows that were there and are brought up to date.")
    labelled: int = Field(description="Those of them whose label was missing.")
    batches: tuple[str, ...] = Field(description="Names of the batches that changed.")
    taken: tuple[str, ...] = Field(description="Names of the files that went into the snapshot.")
    skipped: tuple[str, ...] = Field(description="What was not taken, and why.")
    dropped: tuple[str, ...] = Field(description="Columns that were left out.")
    pushed: bool = Field(description="Whether the Git remote has commit and tag.")
    dry_run: bool
    sentence: str

    @classmethod
    def of(cls, record: SnapshotRecord) -> Self:
        """Return what is printed of a record."""
        return cls.model_validate(record, from_attributes=True)
