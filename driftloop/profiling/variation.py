"""Floors learned from the reference's own variation.

Real data is not independent: weeks differ. The reference is split into windows as long as the
current one and each is measured against the rest. A new effect counts only where it exceeds what
such windows show among themselves.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import Counts, Edges, histogram
from driftloop.profiling.columns import CategoricalColumn, NumericColumn
from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair
from driftloop.profiling.reference_column import NumericReference, Places, Variation

MAX_WINDOWS = 104


@dataclass(frozen=True, slots=True)
class WindowRows:
    """The window of each row of the reference (rows,), -1 where none, and how many there are."""

    codes: npt.NDArray[np.int64]
    count: int
    least: int

    def table(self, cells: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
        """Return the rows of each window and cell (windows, width); cell -1 is left out."""
        counted = (self.codes >= 0) & (cells >= 0)
        flat = self.codes[counted] * width + cells[counted]
        return np.bincount(flat, minlength=self.count * width).reshape(self.count, width)


def window_rows(
    times: npt.NDArray[np.datetime64], starts: npt.NDArray[np.datetime64], end: Any, least: int
) -> WindowRows:
    """Return the windows of rows by their times (rows,).

    The windows have ascending `starts` (windows,), and the last one ends at `end`. Those with fewer
    than `least` rows say nothing.
    """
    codes = np.searchsorted(starts, times, side="right") - 1
    codes[times >= end] = -1
    return WindowRows(codes.astype(np.int64), len(starts), least)


NO_WINDOWS = WindowRows(np.zeros(0, np.int64), 0, 1)


def numeric_variation(
    column: NumericColumn, reference: NumericReference, windows: WindowRows, effect: NumericEffect
) -> Variation:
    """Return how far each window of a numeric column differs from the rest of its column."""
    if windows.count == 0 or len(reference.values) == 0:
        return Variation()
    kinds = reference.bins, reference.cdf_points
    places = np.unique(np.concatenate(kinds))
    edges = reference.edges[places]
    present = ~np.isnan(column.values)
    cells = np.full(column.rows, -1, dtype=np.int64)
    cells[present] = histogram(column.values[present], edges).codes
    table = windows.table(cells, len(edges) + 1)
    whole = np.bincount(cells[present], minlength=len(edges) + 1)
    bins, points = (np.searchsorted(places, edges_of_kind) for edges_of_kind in kinds)
    effects = [
        effect.size(_binned(whole - counts, counts, edges, bins, points, reference.scale))
        for counts in table
        if min(counts.sum(), (whole - counts).sum()) >= windows.least
    ]
    return Variation(tuple(effects), _missing(present, windows))


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
    column: CategoricalColumn, windows: WindowRows, effect: CategoricalEffect
) -> Variation:
    """Return how far each window of a categorical column differs from the rest of its column."""
    if windows.count == 0 or len(column.levels) == 0:
        return Variation()
    table = windows.table(column.codes.astype(np.int64), len(column.levels))
    whole = column.counts
    effects = [
        effect.size(Binned((whole - counts).astype(float), counts.astype(float)))
        for counts in table
        if min(counts.sum(), (whole - counts).sum()) >= windows.least
    ]
    return Variation(tuple(effects), _missing(column.row_codes >= 0, windows))


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


def _missing(present: npt.NDArray[np.bool_], windows: WindowRows) -> tuple[float, ...]:
    """Return how far the missing rate of each window lies from that of the rest."""
    if present.all():
        return ()
    table = windows.table((~present).astype(np.int64), 2)
    whole = np.array([present.sum(), (~present).sum()])
    rates = []
    for counts in table:
        rest = whole - counts
        if min(counts.sum(), rest.sum()) >= windows.least:
            rates.append(float(abs(counts[1] / counts.sum() - rest[1] / rest.sum())))
    return tuple(rates)
