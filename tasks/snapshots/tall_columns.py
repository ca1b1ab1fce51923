"""The columns of so many rows that not even one of them should be in memory.

They are read piece by piece: here, or each batch of them on a worker of a Dask cluster. What is
kept of a column are sums over its pieces, so that both ways lead to the same numbers.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy.typing as npt
import pandas as pd

from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn, Result
from driftloop.profiling.sorting import sorted_numbers
from driftloop.profiling.tall import Passes, TallCategories, TallNumbers
from tasks.runtime.servers.dask_cluster import client_of
from tasks.snapshots.sorted_file import sorted_file

PerRow = npt.NDArray[Any]


class _Piece(Protocol):
    def numeric(self, name: str) -> NumericColumn: ...

    def categorical(self, name: str) -> CategoricalColumn: ...


class _InPieces(Protocol):
    """Columns that can be read from the first row to the last, as often as needed.

    `pattern` is a column without rows, of the type that all of its pieces have together;
    `by_batch` yields the columns of each batch with its rows. With a `cluster`, the address of a
    Dask scheduler, batches are read by its workers.
    """

    @property
    def cluster(self) -> str | None: ...

    @property
    def rows(self) -> int: ...

    def pattern(self, name: str) -> Any: ...

    def pieces(self, name: str, pattern: Any) -> Iterator[_Piece]: ...

    def row_batches(self, names: tuple[str, ...]) -> Iterator[pd.DataFrame]: ...

    def by_batch(self) -> "Iterator[tuple[_InPieces, int]]": ...


@dataclass(frozen=True, slots=True)
class TallColumns:
    """Columns that are read piece by piece."""

    columns: _InPieces

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.columns.rows

    def numeric(self, name: str) -> TallNumbers:
        """Return a numeric feature; nothing is read yet."""
        each = self._passes(name, _numeric)
        return TallNumbers(each, self.rows, lambda: sorted_file(each(_sorted)))

    def categorical(self, name: str) -> TallCategories:
        """Return a categorical feature, counted in one pass."""
        return TallCategories.of(self._passes(name, _categorical), self.rows)

    def _passes(self, name: str, read: Callable[[_Piece, str], Any]) -> Passes:
        pattern = self.columns.pattern(name)

        def each(function: Callable[..., Result], *by_row: PerRow) -> Iterator[Result]:
            read_one = partial(_each_piece, name=name, pattern=pattern, read=read)
            return _spread(self.columns, partial(read_one, function=function), by_row)

        return each


def each_batch(
    columns: _InPieces,
    names: tuple[str, ...],
    function: Callable[..., Result],
    *by_row: PerRow,
) -> Iterator[Result]:
    """Yield what a function returns for the named columns of some rows at a time, as data frames.

    As in `Passes`, it gets its rows of each of `by_row` (rows,), and may be sent elsewhere.
    """
    return _spread(columns, partial(_each_frame, names=names, function=function), by_row)


def _spread(
    columns: _InPieces,
    work: Callable[[_InPieces, tuple[PerRow, ...]], Iterator[Result]],
    by_row: tuple[PerRow, ...],
) -> Iterator[Result]:
    """Yield what a work yields, from the first row to the last, wherever it is done."""
    if columns.cluster is None:
        yield from work(columns, by_row)
        return
    client, begun, start = client_of(columns.cluster), deque[Any](), 0
    for batch, rows in columns.by_batch():
        own, start = slice(start, start + rows), start + rows
        parts = tuple(values[own] for values in by_row)
        begun.append(client.submit(_listed, work, batch, parts, pure=False))
    while begun:
        yield from begun.popleft().result()


def _listed(work: Callable[..., Iterator[Result]], *arguments: Any) -> list[Result]:
    return list(work(*arguments))


def _each_piece(
    columns: _InPieces,
    by_row: tuple[PerRow, ...],
    name: str,
    pattern: Any,
    read: Callable[[_Piece, str], Any],
    function: Callable[..., Result],
) -> Iterator[Result]:
    start = 0
    for piece in columns.pieces(name, pattern):
        column = read(piece, name)
        own, start = slice(start, start + column.rows), start + column.rows
        yield function(column, *(values[own] for values in by_row))


def _each_frame(
    columns: _InPieces,
    by_row: tuple[PerRow, ...],
    names: tuple[str, ...],
    function: Callable[..., Result],
) -> Iterator[Result]:
    start = 0
    for batch in columns.row_batches(names):
        own, start = slice(start, start + len(batch)), start + len(batch)
        yield function(batch, *(values[own] for values in by_row))


def _numeric(piece: _Piece, name: str) -> NumericColumn:
    return piece.numeric(name)


def _categorical(piece: _Piece, name: str) -> CategoricalColumn:
    return piece.categorical(name)


def _sorted(piece: NumericColumn) -> Numbers:
    return sorted_numbers(piece.present)
