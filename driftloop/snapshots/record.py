"""What a run of the snapshot flow did."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot that was made, or why none was.

    `rev` is the commit of the data, which a monitoring run takes as its `rev`, as it takes `tag`.
    `taken` are the files whose content is part of it, `skipped` says why others are not.
    """

    model: str
    as_of: datetime
    rev: str
    tag: str | None
    added: int
    changed: int
    labelled: int
    batches: tuple[str, ...]
    taken: tuple[str, ...]
    skipped: tuple[str, ...]
    dropped: tuple[str, ...]
    pushed: bool
    dry_run: bool
    sentence: str

    @property
    def made(self) -> bool:
        """Whether there is a new snapshot."""
        return bool(self.batches) and not self.dry_run
