"""Columns that are too tall for memory: read in pieces, and again for every pass over them.

What is kept of a column are counts between fixed edges, and of its values only those between the
few edges where the counts leave a question open. Where that would be too many, and for a reference,
the column is sorted outside memory and mapped into it.
"""

import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import Counts, Edges, histogram
from driftloop.profiling.columns import CategoricalColumn, Levels, Numbers, NumericColumn, Result

PIECE_ROWS = 1_048_576
"""Rows of a column that are read at once where it is tall."""

TALL_FROM = 8 * PIECE_ROWS
"""Rows from which a column is read in pieces."""

ROUND = 2 * PIECE_ROWS
"""Values of a column that are held at once."""

_STRIDE = 2048
Ends = tuple[float, float]


class Passes(Protocol):
    """Passes over a column that is read in pieces, from its first row to its last."""

    def __call__(
        self, function: Callable[..., Result], *by_row: npt.NDArray[Any]
    ) -> Iterator[Result]:
        """Yield what a function returns for each piece.

        It is given the piece and its rows of each of `by_row` (rows,). It may be sent to where the
        piece is read, so that it has to be one of a module.
        """


@dataclass(slots=True)
class TallNumbers:
    """Numbers in row order, NaN where missing; `count` goes first, all else rests on it.

    Args:
        each: passes over the column.
        rows: all rows, missing ones included.
        ordered: sorts the present values and returns them as a view of a file.
    """

    each: Passes
    rows: int
    ordered: Callable[[], Numbers]
    missing: int = 0
    counts: Counts = field(default_factory=lambda: np.zeros(1, np.int64))
    ends: Ends = (np.inf, -np.inf)
    _edges: Edges = field(default_factory=lambda: np.zeros(0))

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN for a column without rows."""
        return self.missing / self.rows if self.rows else float("nan")

    @property
    def present(self) -> "TallNumbers":
        """Itself: what is asked of it is asked of the values that are not missing."""
        return self

    def __len__(self) -> int:
        return self.rows - self.missing

    def __iter__(self) -> Iterator[Numbers]:
        return self.each(_present)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the present values in memory, for tests that ask for nothing less."""
        return np.asarray(np.concatenate([np.zeros(0), *self]), dtype=dtype)

    def __getitem__(self, places: npt.NDArray[np.int64]) -> Numbers:
        """Return the values at some places among the present ones."""
        wanted, picked, start = np.sort(places), [np.zeros(0)], 0
        for values in self:
            first, last = np.searchsorted(wanted, [start, start + len(values)])
            picked.append(values[wanted[first:last] - start])
            start += len(values)
        return np.concatenate(picked)

    def count(self, edges: Edges) -> None:
        """Pass over the column once and keep its counts between edges (k + 1,)."""
        self._edges, self.missing = edges, 0
        self.counts = np.zeros(len(edges) + 1, dtype=np.int64)
        for missing, counts, ends in self.each(partial(_counted, edges=edges)):
            self.missing += missing
            self.counts += counts
            self.ends = min(self.ends[0], ends[0]), max(self.ends[1], ends[1])

    def within(self, wanted: npt.NDArray[np.bool_]) -> Numbers:
        """Return the values in some of the bins (k + 1,), in row order.

        They are as many as all rows have in these bins, so that they are held once.
        """
        found, start = np.empty(int(self.counts[wanted].sum())), 0
        for values in self.each(partial(_within, edges=self._edges, wanted=wanted)):
            found[start : start + len(values)] = values
            start += len(values)
        return found

    def at_ends(self) -> tuple[int, int]:
        """Return how many values are the smallest one, and how many the largest."""
        lowest, highest = np.sum([*self.each(partial(_at_ends, ends=self.ends))], axis=0)
        return int(lowest), int(highest)

    def beyond(self, ends: Ends) -> list[tuple[Numbers, Counts]]:
        """Return of each piece the different values outside two ends, and their rows."""
        return [*self.each(partial(_beyond, ends=ends))]


@dataclass(frozen=True, slots=True)
class TallCategories:
    """Sorted categories (k,) with the rows of each (k,), counted piece by piece."""

    each: Passes
    levels: Levels
    counts: Counts
    rows: int

    @staticmethod
    def of(each: Passes, rows: int) -> "TallCategories":
        """Pass over a column once and return it with its counts."""
        totals: dict[str, int] = {}
        for piece in each(_level_counts):
            for level, count in piece:
                totals[level] = totals.get(level, 0) + count
        levels = np.array(sorted(totals), dtype=object)
        counts = np.array([totals[level] for level in levels], dtype=np.int64)
        return TallCategories(each, levels, counts, rows)

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return self.rows - int(self.counts.sum())

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN for a column without rows."""
        return self.missing / self.rows if self.rows else float("nan")


def values_beyond(values: Numbers, ends: Ends) -> tuple[Numbers, Counts]:
    """Return the different values outside two ends, and their rows."""
    return np.unique(values[(values < ends[0]) | (values > ends[1])], return_counts=True)


def _present(piece: NumericColumn) -> Numbers:
    return piece.present


def _counted(piece: NumericColumn, edges: Edges) -> tuple[int, Counts, Ends]:
    """Return the missing rows of a piece, its counts between edges, and its ends."""
    values = piece.present
    if len(values) == 0:
        return piece.missing, np.zeros(len(edges) + 1, np.int64), (np.inf, -np.inf)
    ends = float(values.min()), float(values.max())
    return piece.missing, histogram(values, edges).counts, ends


def _within(piece: NumericColumn, edges: Edges, wanted: npt.NDArray[np.bool_]) -> Numbers:
    values = piece.present
    kept: Numbers = values[wanted[histogram(values, edges).codes]]
    return kept


def _at_ends(piece: NumericColumn, ends: Ends) -> tuple[int, int]:
    values = piece.present
    low, high = (int(np.count_nonzero(values == end)) for end in ends)
    return low, high


def _beyond(piece: NumericColumn, ends: Ends) -> tuple[Numbers, Counts]:
    return values_beyond(piece.present, ends)


def _level_counts(piece: CategoricalColumn) -> list[tuple[str, int]]:
    return [*zip(piece.levels, piece.counts.tolist(), strict=True)]


def count_up_to(ordered: Numbers, points: Numbers) -> Counts:
    """Return how many of the sorted values lie at or below each of the points (k,)."""
    if len(ordered) < TALL_FROM:
        return np.searchsorted(ordered, points, side="right")
    parts = _parts(points, ordered, lambda some: np.searchsorted(ordered, some, side="right"))
    return np.concatenate([np.zeros(0, np.int64), *parts])


def values_at(ordered: Numbers, places: npt.NDArray[np.int64]) -> Numbers:
    """Return the sorted values at some places (k,)."""
    if len(ordered) < TALL_FROM:
        return np.asarray(ordered[places])
    return np.concatenate([np.zeros(0), *_parts(places, ordered, lambda some: ordered[some])])


def slices(ordered: Numbers) -> Iterator[Numbers]:
    """Yield sorted values in slices of at most `ROUND`."""
    for start in range(0, len(ordered), ROUND):
        yield ordered[start : start + ROUND]
        let_go(ordered)


def let_go(values: Numbers) -> None:
    """Give back the memory of a mapped file's pages, which are read again where needed."""
    if len(values) >= TALL_FROM:
        _advise(values, mmap.MADV_DONTNEED)


def expect_few(values: Numbers) -> Numbers:
    """Return mapped values of which few are asked for: the system then reads no others along."""
    _advise(values, mmap.MADV_RANDOM)
    return values


def _advise(values: Numbers, advice: int) -> None:
    owner: Any = values
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if isinstance(owner, mmap.mmap):
        owner.madvise(advice)


def _parts(
    wanted: npt.NDArray[Any], ordered: Numbers, ask: Callable[[Any], Any]
) -> Iterable[npt.NDArray[Any]]:
    """Ask for some at a time, and let go of the pages in between."""
    for start in range(0, len(wanted), _STRIDE):
        yield ask(wanted[start : start + _STRIDE])
        let_go(ordered)
