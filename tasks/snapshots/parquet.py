"""The columns of a slice, read from its Parquet batches one group at a time.

Only the rows of the window are kept, only the row groups that can hold some are read, and never
more columns than one step needs: peak memory follows the widest group and not the table.

`DataError` is raised where a batch has no time column, or one that holds no times, and where a
column has types in two batches that do not go together; `UnavailableError` where a batch is neither
in DVC's cache nor on the remote.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, valid_choices
from driftloop.base.periods import Window
from driftloop.base.workspace import Workspace
from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.columns import (
    CategoricalColumn,
    NumericColumn,
    categorical_arrow,
    numeric_arrow,
)
from driftloop.profiling.tall import PIECE_ROWS, TALL_FROM
from driftloop.profiling.variation import column_time
from driftloop.profiling.whole_numbers import to_frame, to_series
from driftloop.snapshots.types import declared_types, family, plain, with_declared_types
from tasks.runtime.servers.dask_cluster import cluster_for
from tasks.snapshots.parquet_file import footer_of, groups_within, names_in, open_file
from tasks.snapshots.resolve import local_path
from tasks.snapshots.tall_columns import TallColumns

if TYPE_CHECKING:
    import pyarrow as pa

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

    `paths` are all batches, the oldest first; they say of which type a column is. `cluster` is the
    address of a Dask cluster that reads them, if one does.

    Example:
        >>> columns = ParquetColumns.of((Path("week.parquet"),))
        >>> columns.rows, columns.batch(("amount",)).numeric("amount").missing
        (1200, 0)
    """

    parts: tuple[Part, ...]
    paths: tuple[Path, ...] = ()
    cluster: str | None = None

    @staticmethod
    def of(
        paths: tuple[Path, ...], window: Window | None = None, time: str | None = None
    ) -> "ParquetColumns":
        """Return the columns of files, of the rows in a window of a time column if one is named."""
        parts = (_part(path, window, time) for path in paths)
        return ParquetColumns(tuple(part for part in parts if part is not None), paths)

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
        return self.in_memory((name,)).numeric(name)

    def categorical(self, name: str) -> CategoricalColumn:
        """Return a categorical feature."""
        return self.in_memory((name,)).categorical(name)

    def series(self, name: str) -> "pd.Series[Any]":
        """Return any column as it is."""
        return self.in_memory((name,)).series(name)

    def batch(self, names: tuple[str, ...]) -> ArrowColumns | TallColumns:
        """Return the named columns: in memory, or ready to be read in pieces if they are tall."""
        tall = self.cluster is not None or self.rows >= TALL_FROM
        return TallColumns(self) if tall else self.in_memory(names)

    def in_memory(self, names: tuple[str, ...]) -> ArrowColumns:
        """Return the named columns in memory; those that no batch holds are left out."""
        import pyarrow as pa

        alone = self.rows < COMPILED_MIN_ROWS
        tables = [self._read(part, names, alone) for part in self.parts]
        return _joined(tables, names) if tables else ArrowColumns(pa.table({}))

    def pattern(self, name: str) -> ArrowColumns:
        """Return a column without rows, of the type that all batches have together."""
        bare = [self._read(replace(part, groups=(), keep=None), (name,)) for part in self.parts]
        return _joined(bare, (name,))

    def by_batch(self) -> "Iterator[tuple[ParquetColumns, int]]":
        """Yield the columns of each batch, as they are sent to a worker, with its rows."""
        for part in self.parts:
            bare = replace(part, times=part.times[:0])
            yield ParquetColumns((bare,), self.paths), len(part.times)

    def pieces(self, name: str, pattern: ArrowColumns) -> Iterator[ArrowColumns]:
        """Yield a column in pieces of at most about `PIECE_ROWS` rows, each of its joint type."""
        for part in self.parts:
            for table in _read_in_pieces(part, name):
                typed = with_declared_types(table, _declared(self.paths))
                joined = _joined([pattern.table, typed], (name,))
                yield ArrowColumns(joined.table, pattern.faults)

    def row_batches(self, names: tuple[str, ...], rows: int = 65_536) -> Iterator[pd.DataFrame]:
        """Yield the named columns as data frames of at most about `rows` rows."""
        for part in self.parts:
            start = 0
            for group in part.groups:
                height = footer_of(part.path).row_group(group).num_rows
                own = None if part.keep is None else part.keep[start : start + height]
                start += height
                count = height if own is None else int(own.sum())
                table = self._read(Part(part.path, (group,), own, part.times[:count]), names)
                for first in range(0, table.num_rows, rows):
                    yield to_frame(table.slice(first, rows))

    def _read(self, part: Part, names: tuple[str, ...], threads: bool = True) -> "pa.Table":
        return with_declared_types(_read(part, names, threads), _declared(self.paths))


def slice_columns(part: DataSlice, time: str, workspace: Workspace) -> ParquetColumns:
    """Return the columns of the rows of a slice, without those of its excluded windows."""
    paths = tuple(local_path(part.snapshot, file, workspace) for file in part.snapshot.files)
    columns = ParquetColumns.of(paths, part.window, time)
    if part.excluded:
        parts = (_without(batch, part.excluded) for batch in columns.parts)
        columns = ParquetColumns(tuple(rest for rest in parts if len(rest.times)), paths)
    return replace(columns, cluster=cluster_for(columns.rows))


def read_slice(
    part: DataSlice, columns: tuple[str, ...], time: str, workspace: Workspace
) -> pd.DataFrame:
    """Return the rows of a slice in time order; columns that no batch holds are left out.

    The time column comes as UTC without zone. A column whose types do not go together comes as
    objects: which rows cannot be used is for the checks of each period to say.
    """
    parquet_columns = slice_columns(part, time, workspace)
    names = tuple(name for name in dict.fromkeys(columns) if name != time)
    if not parquet_columns.parts:
        newest = local_path(part.snapshot, part.snapshot.files[-1], workspace)
        schema = footer_of(newest).schema.to_arrow_schema()
        held = [name for name in names if name in schema.names]
        return pd.DataFrame({time: parquet_columns.times, **{name: [] for name in held}})
    batch = parquet_columns.in_memory(names)
    table = to_frame(batch.table)
    for name in batch.faults:
        table[name] = np.concatenate([_objects(part, name) for part in parquet_columns.parts])
    table.insert(0, time, parquet_columns.times)
    for name in table.columns[table.dtypes == "category"]:
        table[name] = table[name].astype(object)
    ordered: pd.DataFrame = table.sort_values(time, kind="stable", ignore_index=True)
    return ordered


def _part(path: Path, window: Window | None, time: str | None) -> Part | None:
    import pyarrow as pa

    footer = footer_of(path)
    if time is None or window is None:
        times = np.zeros(footer.num_rows, "datetime64[us]")
        return Part(path, tuple(range(footer.num_row_groups)), None, times)
    schema = footer.schema.to_arrow_schema()
    if time not in schema.names:
        raise DataError(f"data.time: {valid_choices(time, schema.names)}")
    kind = schema.field(time).type
    if not pa.types.is_timestamp(kind):
        raise DataError(f"data.time: column {time!r} holds {kind}, expected timestamps")
    groups = groups_within(footer, window, schema.names.index(time))
    if not groups:
        return None
    times = _times(path, groups, time)
    keep = _within(times, window)
    return Part(path, groups, None if keep.all() else keep, times[keep]) if keep.any() else None


def _within(times: Times, window: Window) -> npt.NDArray[np.bool_]:
    start, end = (column_time(edge) for edge in (window.start, window.end))
    return (times >= start) & (times < end)


def _without(part: Part, excluded: tuple[Window, ...]) -> Part:
    out = np.zeros(len(part.times), dtype=bool)
    for window in excluded:
        out |= _within(part.times, window)
    keep = np.ones(len(out), dtype=bool) if part.keep is None else part.keep.copy()
    keep[keep] = ~out
    return replace(part, keep=keep, times=part.times[~out])


def _times(path: Path, groups: tuple[int, ...], time: str) -> Times:
    """Times as UTC without zone, in microseconds; a missing time is in no window."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = open_file(path).read_row_groups(list(groups), columns=[time]).column(0)
    moments = pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
    return np.asarray(moments.to_numpy(zero_copy_only=False), dtype="datetime64[us]")


def _read(part: Part, names: tuple[str, ...], threads: bool = True) -> "pa.Table":
    """Read columns of a part; many rows in one thread, as their columns are spread over cores."""
    held = names_in(part.path)
    columns = [name for name in names if name in held]
    groups = list(part.groups)
    table = open_file(part.path).read_row_groups(groups, columns=columns, use_threads=threads)
    return table if part.keep is None else table.filter(part.keep)


def _objects(part: Part, name: str) -> npt.NDArray[np.object_]:
    """Return a column of a part as Python values, None where the batch lacks it."""
    table = _read(part, (name,))
    values = to_series(table.column(0)) if table.num_columns else [None] * len(part.times)
    return np.asarray(values, dtype=object)


@lru_cache(maxsize=64)
def _declared(paths: tuple[Path, ...]) -> "pa.Schema":
    return declared_types(footer_of(path).schema.to_arrow_schema() for path in paths)


def _read_in_pieces(part: Part, name: str) -> "Iterator[pa.Table]":
    """Read a column of a part, row group after row group and within them."""
    import pyarrow as pa

    if name not in names_in(part.path):
        yield _read(part, (name,))
        return
    start, groups = 0, list(part.groups)
    batches = open_file(part.path).iter_batches(
        PIECE_ROWS, groups, columns=[name], use_threads=False
    )
    for batch in batches:
        table = pa.Table.from_batches([batch])
        own = None if part.keep is None else part.keep[start : start + len(batch)]
        start += len(batch)
        yield table if own is None else table.filter(own)


def _joined(tables: "list[pa.Table]", names: tuple[str, ...]) -> ArrowColumns:
    import pyarrow as pa

    try:
        return ArrowColumns(pa.concat_tables(tables, promote_options="permissive"))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return _column_by_column(tables, names)


def _column_by_column(tables: "list[pa.Table]", names: tuple[str, ...]) -> ArrowColumns:
    """Join the batches where a column has types in two of them that do not go together."""
    import pyarrow as pa

    joined, faults = {}, {}
    for name in names:
        columns = [table.select([name]) for table in tables if name in table.column_names]
        if len({family(column.schema.field(0).type) for column in columns}) == 1:
            columns = [plain(column) for column in columns]  # text is text, encoded or not
        try:
            if columns:
                joined[name] = pa.concat_tables(columns, promote_options="permissive").column(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            types = [column.schema.field(0).type for column in columns]
            kinds = sorted({"text" if family(kind) == "text" else str(kind) for kind in types})
            faults[name] = f"column {name!r} holds {' and '.join(kinds)} in different batches"
    rows = sum(table.num_rows for table in tables)
    whole = {name: column for name, column in joined.items() if len(column) == rows}
    return ArrowColumns(pa.table(whole), faults)
