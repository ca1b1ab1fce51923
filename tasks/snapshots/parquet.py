"""The columns of a slice, read from its Parquet batches one group at a time.

Only the rows of the window are kept, only the row groups that can hold some are read, and never
more columns than one step needs: peak memory follows the widest group and not the table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, valid_choices
from driftloop.base.periods import Window, naive
from driftloop.base.workspace import Workspace
from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.columns import (
    CategoricalColumn,
    NumericColumn,
    categorical_arrow,
    numeric_arrow,
)
from driftloop.profiling.whole_numbers import to_frame, to_series
from tasks.snapshots.resolve import local_path

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Part:
    """The row groups of one batch that hold rows of a window, and which of their rows those are.

    `keep` is None where all of them are.
    """

    path: Path
    groups: tuple[int, ...]
    keep: npt.NDArray[np.bool_] | None
    times: Times


@dataclass(frozen=True, slots=True)
class ArrowColumns:
    """Columns in memory, some of which may be missing."""

    table: "pa.Table"
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def numeric(self, name: str) -> NumericColumn:
        """Return a numeric feature."""
        return numeric_arrow(self._column(name), name)

    def categorical(self, name: str) -> CategoricalColumn:
        """Return a categorical feature."""
        return categorical_arrow(self._column(name), name)

    def series(self, name: str) -> "pd.Series[Any]":
        """Return any column as it is."""
        return to_series(self._column(name))

    def batch(self, names: tuple[str, ...]) -> "ArrowColumns":
        """Return itself: all columns are in memory."""
        return self

    def _column(self, name: str) -> "pa.ChunkedArray":
        if name in self.faults:
            raise DataError(self.faults[name])
        place = self.table.schema.get_field_index(name)
        if place < 0:
            raise DataError(f"column {name!r} is missing")
        return self.table.column(place)


@dataclass(frozen=True, slots=True)
class ParquetColumns:
    """The columns of the rows of a window over Parquet batches.

    Example:
        >>> columns = ParquetColumns.of((Path("week.parquet"),))
        >>> columns.rows, columns.batch(("amount",)).numeric("amount").missing
        (1200, 0)
    """

    parts: tuple[Part, ...]

    @staticmethod
    def of(
        paths: tuple[Path, ...], window: Window | None = None, time: str | None = None
    ) -> "ParquetColumns":
        """Return the columns of files, of the rows in a window of a time column if one is named.

        Raises:
            DataError: if a file has no such time column, or one that holds no times.
        """
        parts = (_part(path, window, time) for path in paths)
        return ParquetColumns(tuple(part for part in parts if part is not None))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(part.times) for part in self.parts)

    @property
    def times(self) -> Times:
        """The time of each row, UTC without zone; undefined without a time column."""
        return np.concatenate([np.zeros(0, "datetime64[us]"), *(part.times for part in self.parts)])

    def numeric(self, name: str) -> NumericColumn:
        """Return a numeric feature."""
        return self.batch((name,)).numeric(name)

    def categorical(self, name: str) -> CategoricalColumn:
        """Return a categorical feature."""
        return self.batch((name,)).categorical(name)

    def series(self, name: str) -> "pd.Series[Any]":
        """Return any column as it is."""
        return self.batch((name,)).series(name)

    def batch(self, names: tuple[str, ...]) -> ArrowColumns:
        """Return the named columns in memory; those that no batch holds are left out."""
        import pyarrow as pa

        alone = self.rows < COMPILED_MIN_ROWS
        tables = [_read(part, names, alone) for part in self.parts]
        if not tables:
            return ArrowColumns(pa.table({}))
        try:
            return ArrowColumns(pa.concat_tables(tables, promote_options="permissive"))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return _column_by_column(tables, names)

    def row_batches(self, names: tuple[str, ...], rows: int = 65_536) -> Iterator[pd.DataFrame]:
        """Yield the named columns as data frames of at most about `rows` rows."""
        for part in self.parts:
            start = 0
            for group in part.groups:
                height = _footer(part.path).row_group(group).num_rows
                own = None if part.keep is None else part.keep[start : start + height]
                start += height
                count = height if own is None else int(own.sum())
                table = _read(Part(part.path, (group,), own, part.times[:count]), names)
                for first in range(0, table.num_rows, rows):
                    yield to_frame(table.slice(first, rows))


def slice_columns(part: DataSlice, time: str, workspace: Workspace) -> ParquetColumns:
    """Return the columns of the rows of a slice, without those of its excluded windows.

    Raises:
        DataError: if a batch has no time column, or one that holds no times.
        UnavailableError: if a batch is neither in the cache nor on the remote.
    """
    paths = tuple(local_path(part.snapshot, file, workspace) for file in part.snapshot.files)
    columns = ParquetColumns.of(paths, part.window, time)
    if not part.excluded:
        return columns
    parts = (_without(one, part.excluded) for one in columns.parts)
    return ParquetColumns(tuple(part for part in parts if len(part.times)))


def read_slice(
    part: DataSlice, columns: tuple[str, ...], time: str, workspace: Workspace
) -> pd.DataFrame:
    """Return the rows of a slice in time order; columns that no batch holds are left out.

    The time column comes as UTC without zone.

    Raises:
        DataError: if a batch has no time column, or one that holds no times, or a column has
            types in two batches that do not go together.
        UnavailableError: if a batch is neither in the cache nor on the remote.
    """
    parquet_columns = slice_columns(part, time, workspace)
    names = tuple(name for name in dict.fromkeys(columns) if name != time)
    if not parquet_columns.parts:
        newest = local_path(part.snapshot, part.snapshot.files[-1], workspace)
        schema = _footer(newest).schema.to_arrow_schema()
        held = [name for name in names if name in schema.names]
        return pd.DataFrame({time: parquet_columns.times, **{name: [] for name in held}})
    batch = parquet_columns.batch(names)
    for name in batch.faults:
        batch.series(name)
    table = to_frame(batch.table)
    table.insert(0, time, parquet_columns.times)
    for name in table.columns[table.dtypes == "category"]:
        table[name] = table[name].astype(object)
    ordered: pd.DataFrame = table.sort_values(time, kind="stable", ignore_index=True)
    return ordered


def check_time(path: Path, time: str) -> bool:
    """Return whether the time column has a zone.

    Raises:
        DataError: if the batch has no such column, or it holds no times.
    """
    import pyarrow as pa

    schema = _footer(path).schema.to_arrow_schema()
    if time not in schema.names:
        raise DataError(f"data.time: {valid_choices(time, schema.names)}")
    kind = schema.field(time).type
    if not pa.types.is_timestamp(kind):
        raise DataError(f"data.time: column {time!r} holds {kind}, expected timestamps")
    return kind.tz is not None


def _part(path: Path, window: Window | None, time: str | None) -> Part | None:
    footer = _footer(path)
    if time is None or window is None:
        times = np.zeros(footer.num_rows, "datetime64[us]")
        return Part(path, tuple(range(footer.num_row_groups)), None, times)
    check_time(path, time)
    groups = _groups(path, window, time)
    if not groups:
        return None
    times = _times(path, groups, time)
    start, end = (np.datetime64(naive(edge), "us") for edge in (window.start, window.end))
    keep = (times >= start) & (times < end)
    if not keep.any():
        return None
    return Part(path, groups, None if keep.all() else keep, times[keep])


def _without(part: Part, excluded: tuple[Window, ...]) -> Part:
    out = np.zeros(len(part.times), dtype=bool)
    for window in excluded:
        start, end = (np.datetime64(naive(edge), "us") for edge in (window.start, window.end))
        out |= (part.times >= start) & (part.times < end)
    keep = np.ones(len(out), dtype=bool) if part.keep is None else part.keep.copy()
    keep[keep] = ~out
    return replace(part, keep=keep, times=part.times[~out])


def _times(path: Path, groups: tuple[int, ...], time: str) -> Times:
    """Times as UTC without zone, in microseconds; a missing time is in no window."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _open(path).read_row_groups(list(groups), columns=[time]).column(0)
    zone = column.type.tz
    moments = pc.cast(column, pa.timestamp("us", tz=zone), safe=False)
    found: Times = moments.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return found


def _read(part: Part, names: tuple[str, ...], threads: bool = True) -> "pa.Table":
    """Read columns of a part; many rows in one thread, as their columns are spread over cores."""
    held = set(_footer(part.path).schema.to_arrow_schema().names)
    columns = [name for name in names if name in held]
    table = _open(part.path, tuple(columns)).read_row_groups(
        list(part.groups), columns=columns, use_threads=threads
    )
    return table if part.keep is None else table.filter(part.keep)


def _open(path: Path, names: tuple[str, ...] = ()) -> "pq.ParquetFile":
    """A handle of one's own: it is not safe to share one between threads."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(
        path,
        metadata=_footer(path),
        read_dictionary=[name for name in names if name in _texts(path)],
        pre_buffer=False,
    )


@lru_cache(maxsize=4096)
def _footer(path: Path) -> "pq.FileMetaData":
    """Batches are named by their content, so what was read once stays true."""
    import pyarrow.parquet as pq

    return pq.read_metadata(path)


@lru_cache(maxsize=4096)
def _texts(path: Path) -> frozenset[str]:
    import pyarrow as pa

    schema = _footer(path).schema.to_arrow_schema()
    return frozenset(
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    )


def _groups(path: Path, window: Window, time: str) -> tuple[int, ...]:
    """Return the row groups that can hold rows of a window, by their statistics."""
    footer = _footer(path)
    names = footer.schema.to_arrow_schema().names
    if time not in names:
        return tuple(range(footer.num_row_groups))
    place, found = names.index(time), []
    for group in range(footer.num_row_groups):
        statistics = footer.row_group(group).column(place).statistics
        known = statistics is not None and statistics.has_min_max
        if known and isinstance(statistics.min, datetime):
            first, last = naive(statistics.min), naive(statistics.max)
            if first >= naive(window.end) or last < naive(window.start):
                continue
        found.append(group)
    return tuple(found)


def _column_by_column(tables: "list[pa.Table]", names: tuple[str, ...]) -> ArrowColumns:
    """Join the batches where a column has types in two of them that do not go together."""
    import pyarrow as pa

    joined, faults = {}, {}
    for name in names:
        found = [table.select([name]) for table in tables if name in table.column_names]
        try:
            if found:
                joined[name] = pa.concat_tables(found, promote_options="permissive").column(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            kinds = sorted({_kind_name(table.schema.field(0).type) for table in found})
            faults[name] = f"column {name!r} holds {' and '.join(kinds)} in different batches"
    rows = sum(table.num_rows for table in tables)
    whole = {name: column for name, column in joined.items() if len(column) == rows}
    return ArrowColumns(pa.table(whole), faults)


def _kind_name(kind: Any) -> str:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return "text" if pa.types.is_string(inner) or pa.types.is_large_string(inner) else str(inner)
