"""Parquet files: their footers and handles, opened no more often than needed.

Batches are named by their content, so what was read of a path once stays true.
"""

import threading
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.base.periods import Window, naive
from driftloop.snapshots.types import family

if TYPE_CHECKING:
    import pyarrow.parquet as pq

WIDE_FROM = 200
"""Columns from which a thread keeps a file open: to open it takes longer than to read a column."""

_THREAD = threading.local()


def open_file(path: Path) -> "pq.ParquetFile":
    """Return a handle that reads text as codes; it is not safe to share it between threads."""
    import pyarrow.parquet as pq

    held: tuple[Path, pq.ParquetFile] | None = getattr(_THREAD, "wide", None)
    if held is not None and held[0] == path:
        return held[1]
    footer = footer_of(path)
    file = pq.ParquetFile(path, metadata=footer, read_dictionary=_texts(path), pre_buffer=False)
    if footer.num_columns >= WIDE_FROM:
        _THREAD.wide = path, file
    return file


@lru_cache(maxsize=4096)
def footer_of(path: Path) -> "pq.FileMetaData":
    """Return what a file says of its columns and row groups."""
    import pyarrow.parquet as pq

    return pq.read_metadata(path)


def groups_within(footer: "pq.FileMetaData", window: Window, place: int) -> tuple[int, ...]:
    """Return the row groups that can hold rows of a window, by the statistics of a column."""
    groups = []
    for group in range(footer.num_row_groups):
        statistics = footer.row_group(group).column(place).statistics
        known = statistics is not None and statistics.has_min_max
        if known and isinstance(statistics.min, datetime):
            first, last = naive(statistics.min), naive(statistics.max)
            if first >= naive(window.end) or last < naive(window.start):
                continue
        groups.append(group)
    return tuple(groups)


@lru_cache(maxsize=4096)
def names_in(path: Path) -> frozenset[str]:
    """Return the names of the columns."""
    return frozenset(footer_of(path).schema.to_arrow_schema().names)


@lru_cache(maxsize=4096)
def _texts(path: Path) -> list[str]:
    schema = footer_of(path).schema.to_arrow_schema()
    return [field.name for field in schema if family(field.type) == "text"]
