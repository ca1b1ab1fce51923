"""Floors learned from the reference's own variation.

Real data is not independent: weeks differ. The reference is split into windows as long as the
current one and each is measured against the rest. A new effect counts only where it exceeds what
such windows show among themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import Counts, Edges, histogram
from driftloop.profiling.columns import CategoricalColumn, Levels, NumericColumn
from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair
from driftloop.profiling.reference_column import NumericReference, Places, Variation
from driftloop.profiling.tall import TallCategories, TallNumbers

Table = npt.NDArray[np.int64]

MAX_WINDOWS = 104


@dataclass(frozen=True, slots=True)
class WindowRows:
    """The window of each row of the reference (rows,), -1 where none, and how many there are."""

    codes: npt.NDArray[np.int16]
    count: int
    least: int

    def table(self, cells: Iterable[npt.NDArray[np.int64]], width: int) -> Table:
        """Return the rows of each window and cell (windows, width); cell -1 is left out.

        The cells of the rows come in pieces, from the first row to the last.
        """
        counts, start = np.zeros(self.count * width, dtype=np.int64), 0
        for piece in cells:
            codes = self.codes[start : start + len(piece)]
            counted = (codes >= 0) & (piece >= 0)
            flat = codes[counted].astype(np.int64) * width + piece[counted]
            counts += np.bincount(flat, minlength=len(counts))
            start += len(piece)
        return counts.reshape(self.count, width)


def window_rows(
    times: npt.NDArray[np.datetime64], starts: npt.NDArray[np.datetime64], end: Any, least: int
) -> WindowRows:
    """Return the windows of rows by their times (rows,).

    The windows have ascending `starts` (windows,), and the last one ends at `end`. Those with fewer
    than `least` rows say nothing.
    """
    codes = np.searchsorted(starts, times, side="right") - 1
    codes[times >= end] = -1
    return WindowRows(codes.astype(np.int16), len(starts), least)


NO_WINDOWS = WindowRows(np.zeros(0, np.int16), 0, 1)


def numeric_variation(
    column: NumericColumn | TallNumbers,
    reference: NumericReference,
    windows: WindowRows,
    effect: NumericEffect,
) -> Variation:
    """Return how far each window of a numeric column differs from the rest of its column."""
    if windows.count == 0 or len(reference.values) == 0:
        return Variation()
    kinds = reference.bins, reference.cdf_points
    places = np.unique(np.concatenate(kinds))
    edges = reference.edges[places]
    table = windows.table((_cells(piece, edges) for piece in column.pieces()), len(edges) + 1)
    upto = reference.below[places]
    whole = np.diff(upto, prepend=0, append=len(reference.values))
    bins, points = (np.searchsorted(places, edges_of_kind) for edges_of_kind in kinds)
    effects = [
        effect.size(_binned(whole - counts, counts, edges, bins, points, reference.scale))
        for counts in table
        if min(counts.sum(), (whole - counts).sum()) >= windows.least
    ]
    gaps = (np.isnan(piece.values) for piece in column.pieces())
    return Variation(tuple(effects), _missing(gaps, (reference.missing, reference.rows), windows))


def _cells(piece: NumericColumn, edges: Edges) -> npt.NDArray[np.int64]:
    """Return the bin of each row (rows,), -1 where its value is missing."""
    if not piece.missing:
        return histogram(piece.values, edges).codes.astype(np.int64)
    cells, present = np.full(piece.rows, -1, dtype=np.int64), ~np.isnan(piece.values)
    cells[present] = histogram(piece.values[present], edges).codes
    return cells


def _binned(
    rest: Counts, window: Counts, edges: Edges, bins: Places, points: Places, scale: float
) -> Binned:
    """Return a window and the rest of its column, both counted between the edges."""
    sides, sizes = [np.cumsum(side) for side in (rest, window)], [rest.sum(), window.sum()]
    counts = [
        np.diff(side[bins], prepend=0, append=size).astype(float)
        for side, size in zip(sides, sizes, strict=True)
    ]
    shares = [side[points] / size for side, size in zip(sides, sizes, strict=True)]
    return Binned(counts[0], counts[1], lambda: CdfPair(edges[points], shares[0], shares[1], scale))


def categorical_variation(
    column: CategoricalColumn | TallCategories, windows: WindowRows, effect: CategoricalEffect
) -> Variation:
    """Return how far each window of a categorical column differs from the rest of its column."""
    if windows.count == 0 or len(column.levels) == 0:
        return Variation()
    cells = (_level_cells(piece, column.levels) for piece in column.pieces())
    table = windows.table(cells, len(column.levels))
    whole = column.counts
    effects = [
        effect.size(Binned((whole - counts).astype(float), counts.astype(float)))
        for counts in table
        if min(counts.sum(), (whole - counts).sum()) >= windows.least
    ]
    gaps = (piece.codes < 0 for piece in column.pieces())
    return Variation(tuple(effects), _missing(gaps, (column.missing, column.rows), windows))


def _level_cells(piece: CategoricalColumn, levels: Levels) -> npt.NDArray[np.int64]:
    """Return the place of each row's category among all of them (rows,), -1 where it is missing."""
    places = np.append(np.searchsorted(levels, piece.levels), -1)
    return np.asarray(places[piece.codes], dtype=np.int64)


def learned_floor(effects: tuple[float, ...], fixed: float, chance: float) -> float:
    """Return the effect that one more window of the same kind exceeds with the given chance.

    The upper prediction limit of a normal distribution fitted to the logarithms of the effects,
    each raised by a tenth of the fixed floor so that effects of zero have one. Never below the
    fixed floor.

    Source: Hahn & Meeker, Statistical Intervals, 1991, section 4.7 (prediction limits).
    """
    from scipy.special import stdtrit

    count, offset = len(effects), max(fixed, 1e-6) / 10
    logs = np.log(np.asarray(effects) + offset)
    spread = float(logs.std(ddof=1)) * (1 + 1 / count) ** 0.5
    limit = float(logs.mean()) + float(stdtrit(count - 1, 1 - chance)) * spread
    return max(fixed, float(np.exp(min(limit, 700.0))) - offset)


def _missing(
    gaps: Iterable[npt.NDArray[np.bool_]], whole: tuple[int, int], windows: WindowRows
) -> tuple[float, ...]:
    """Return how far the missing rate of each window lies from that of the rest.

    `whole` are the missing rows of the column and all of its rows.
    """
    missing, rows = whole
    if not missing:
        return ()
    table = windows.table((piece.astype(np.int64) for piece in gaps), 2)
    rates = []
    for counts in table:
        rest = np.array([rows - missing, missing]) - counts
        if min(counts.sum(), rest.sum()) >= windows.least:
            rates.append(float(abs(counts[1] / counts.sum() - rest[1] / rest.sum())))
    return tuple(rates)
