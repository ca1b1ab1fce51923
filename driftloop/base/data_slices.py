"""Coordinates of data: a snapshot, and the rows of it that a step works on; never a table."""

from dataclasses import dataclass

from driftloop.base.periods import Window


@dataclass(frozen=True, slots=True)
class BatchFile:
    """One Parquet file of a snapshot, identified by its content."""

    path: str
    md5: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A DVC-tracked folder at one Git commit."""

    repository: str
    rev: str
    path: str
    files: tuple[BatchFile, ...]

    @property
    def short_rev(self) -> str:
        """The first ten characters of the commit sha."""
        return self.rev[:10]


@dataclass(frozen=True, slots=True)
class DataSlice:
    """Rows of a snapshot: a window of its time column without the excluded windows."""

    snapshot: Snapshot
    window: Window
    excluded: tuple[Window, ...] = ()
    rows: int | None = None
