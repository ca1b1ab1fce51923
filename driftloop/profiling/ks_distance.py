"""The Kolmogorov-Smirnov distance without sorting the current values.

With F and G the distribution functions of reference and current values,

    D = max over x of |F(x) - G(x)|

F and G are known exactly at every edge of a grid, so the largest difference there is a lower bound
of D. Between two edges both only rise, so that the difference there is at most

    max( F(right) - G(left), G(right) - F(left) )

Only the bins where this bound exceeds the lower bound can contain D, and only their values are
sorted. The result is exact, ties included: a value that is frequent has an edge of its own and one
just below it, and the bin between the two contains no other number.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import Counts, Edges, counts_between
from driftloop.profiling.columns import Numbers
from driftloop.profiling.reference_column import NumericReference, Places
from driftloop.profiling.tall import ROUND, let_go

_AT_ONCE = 262_144
"""Values that are compared at once, so that what each of them takes meanwhile stays small."""


@dataclass(frozen=True, slots=True)
class RankedValues:
    """Some current values in order, each with its rank (from 0) among all of them."""

    values: Numbers
    ranks: npt.NDArray[np.int64]


def ks_distance_of_sorted(reference: Numbers, current: Numbers) -> float:
    """Return the distance of two sorted samples."""
    return _at(reference, RankedValues(current, np.arange(len(current))), len(current))


def ks_distance(
    reference: NumericReference,
    below: Counts,
    rows: int,
    ranked: Callable[[npt.NDArray[np.bool_]], RankedValues],
) -> float:
    """Return the distance of a reference and current values that are counted over its edges.

    `below` (k,) is how many of the `rows` current values lie at or below each edge, and `ranked`
    returns the current values of the wanted bins (k + 1,), in order.
    """
    old, new = _shares(reference.below, len(reference.values)), _shares(below, rows)
    at_edges = float(np.max(np.abs(old - new)))
    bounds = np.maximum(old[1:] - new[:-1], new[1:] - old[:-1])
    largest, counts = at_edges, counts_between(below, rows)
    wanted = (bounds > at_edges) & (counts > 0) & ~single_value_bins(reference.edges)
    for bins in _rounds(np.flatnonzero(wanted), bounds, counts):
        held = np.zeros(len(wanted), dtype=bool)
        held[bins[bounds[bins] > largest]] = True
        if held.any():
            largest = max(largest, _at(reference.values, ranked(held), rows))
            let_go(reference.values)
    return largest


def _shares(below: Counts, rows: int) -> Numbers:
    """Return the distribution function before the first edge, at each edge, and after the last."""
    shares = np.empty(len(below) + 2)
    shares[0], shares[1:-1], shares[-1] = 0, below, rows
    shares /= rows
    return shares


def _rounds(bins: Places, bounds: Numbers, counts: Counts) -> list[Places]:
    """Return bins in rounds of about `ROUND` values, those that may hold the most first.

    What one round finds often leaves nothing to look for in the others.
    """
    if counts[bins].sum() <= ROUND:
        return [bins]
    order = bins[np.argsort(-bounds[bins], kind="stable")]
    turns = np.cumsum(counts[order]) // ROUND
    return np.split(order, np.flatnonzero(np.diff(turns)) + 1)


def single_value_bins(edges: Edges) -> npt.NDArray[np.bool_]:
    """Return which bins (k + 1,) between edges contain a single number, their own right edge."""
    single = np.nextafter(edges[:-1], np.inf) == edges[1:]
    return np.concatenate([[False], single, [False]])


def _at(reference: Numbers, current: RankedValues, rows: int) -> float:
    """Return the largest difference just before and at each of the current values."""
    largest = 0.0
    for start in range(0, len(current.values), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        values, ranks = current.values[part], current.ranks[part]
        upto = np.searchsorted(reference, values, side="right") / len(reference)
        before = np.searchsorted(reference, values, side="left") / len(reference)
        above, below = (ranks + 1) / rows - upto, before - ranks / rows
        largest = max(largest, float(np.max(above)), float(np.max(below)))
    return largest
