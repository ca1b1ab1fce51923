"""Histograms of many numbers between fixed edges, without sorting them.

Bin i of k edges has the values in ``(edge[i-1], edge[i]]``; bin 0 those up to the first edge and
bin k those beyond the last.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from driftloop.profiling.columns import Numbers

Edges = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
BinCodes = npt.NDArray[np.uint16]

COMPILED_MIN_ROWS = 50_000
"""Number of values from which compiled code, its loading included, beats numpy's search."""

MAX_EDGES = 8192
"""Most quantiles of a reference that serve as edges, unless it is tall."""

TALL_EDGES = 60_000
"""Most quantiles of a tall one; with the edges beside them they still have 16-bit numbers."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """The bin of each value (n,) and the number of values in each bin (k + 1,)."""

    codes: BinCodes
    counts: Counts


def histogram(values: Numbers, edges: Edges) -> Histogram:
    """Return the histogram of finite values between strictly ascending edges (at most 65,535)."""
    if len(values) < COMPILED_MIN_ROWS or len(edges) < 2:
        codes = np.searchsorted(edges, values, side="left").astype(np.uint16)
        return Histogram(codes, np.bincount(codes, minlength=len(edges) + 1))
    from driftloop.profiling.loops_numba import count

    codes = np.empty(len(values), dtype=np.uint16)
    counts = np.zeros(len(edges) + 1, dtype=np.int64)
    count(edges, *_guide(edges), np.ascontiguousarray(values), codes, counts)
    return Histogram(codes, counts)


def counts_between(below: Counts, rows: int) -> Counts:
    """Return how many of `rows` values each bin (k + 1,) has; `below` (k,) is up to each edge."""
    counts = np.empty(len(below) + 1, dtype=np.int64)
    counts[:-1], counts[-1] = below, rows
    counts[1:] -= below
    return counts


def _guide(edges: Edges) -> tuple[npt.NDArray[np.int32], float, float, int, int]:
    """Return where the edges of each cell of the scale begin, and what defines the scale.

    The scale bends where the middle half of the edges ends, so that heavy tails cost nothing.
    """
    from driftloop.profiling.loops_numba import cells, octave

    low, middle, high = (float(edges[len(edges) * part // 4]) for part in (1, 2, 3))
    width = float(edges[-1] - edges[0])
    bend = (high - low) / 16 or width / 64
    far = max(float(edges[-1]) - middle, middle - float(edges[0])) + bend
    if not np.isfinite(far):  # edges near the largest float: one cell, a plain search
        middle, bend, far = 0.0, 1e300, 1.7e308
    bend = max(bend, far * 2.0**-40)
    first = octave(bend)
    top = max(octave(far) - first + 1, 1)
    cell_of_edge = np.empty(len(edges), dtype=np.int64)
    cells(edges, middle, bend, first, top, cell_of_edge)
    guide = np.searchsorted(cell_of_edge, np.arange(2 * top + 2)).astype(np.int32)
    return guide, middle, bend, first, top
