"""The record of a run of the snapshot flow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, computed_field


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot that was made, or why none was; ``driftloop snapshot --json``.

    A monitoring run takes `rev` as its `rev`, as it takes `tag`.
    """

    model: str
    as_of: datetime
    rev: Annotated[str, Field(description="Commit of the data after the run.")]
    tag: Annotated[
        str | None, Field(description="Of the new snapshot, else of the newest one there is.")
    ]
    added: Annotated[int, Field(description="New rows.")]
    changed: Annotated[int, Field(description="Rows that were there and are brought up to date.")]
    labelled: Annotated[int, Field(description="Those of them whose label was missing.")]
    corrected: Annotated[int, Field(description="Those of them whose label was another.")]
    predicted: Annotated[
        int, Field(description="Those of them whose served prediction was missing.")
    ]
    batches: Annotated[tuple[str, ...], Field(description="Names of the batches that changed.")]
    taken: Annotated[
        tuple[str, ...], Field(description="Names of the files that went into the snapshot.")
    ]
    skipped: Annotated[tuple[str, ...], Field(description="Files that were not taken, and why.")]
    dropped: Annotated[tuple[str, ...], Field(description="Columns that were left out.")]
    notes: Annotated[
        tuple[str, ...],
        Field(description="Cells that are not numbers, and predictions of no row."),
    ]
    pushed: Annotated[bool, Field(description="Whether the Git remote has commit and tag.")]
    dry_run: bool
    sentence: str

    @computed_field
    @property
    def made(self) -> bool:
        """Whether there is a new snapshot."""
        return bool(self.batches) and not self.dry_run
