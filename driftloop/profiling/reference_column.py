"""Reference columns: everything about a feature that the current window is compared with.

It is computed once and stored beside the champion, so that a run reads the new window only.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import MAX_EDGES, TALL_EDGES, Counts, Edges
from driftloop.profiling.columns import CategoricalColumn, Levels, Numbers, NumericColumn
from driftloop.profiling.sorting import sorted_numbers
from driftloop.profiling.tall import TallCategories, TallNumbers, count_up_to, slices, values_at

Places = npt.NDArray[np.int64]

CDF_POINTS = 200
"""Quantiles of the reference at which both distribution functions are compared."""

TAIL_QUANTILES = (0.05, 0.95)
IDENTIFIER_SHARE = 0.9
"""A text column with more different values than this share of its rows identifies rows."""


@dataclass(frozen=True, slots=True)
class Variation:
    """How far windows of the reference differ from the rest of it, one figure a window.

    Those by chance are of windows of the same sizes whose rows were drawn at random. `course` says
    what the windows do in time: trend, warm up or break; empty where they hold still. `effects` are
    those after the first `settled` windows.
    """

    effects: tuple[float, ...] = ()
    missing: tuple[float, ...] = ()
    effects_by_chance: tuple[float, ...] = ()
    missing_by_chance: tuple[float, ...] = ()
    course: str = field(default="", kw_only=True)
    settled: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True)
class NumericReference:
    """A numeric feature of the reference: its sorted values, and how the current ones are counted.

    Args:
        values: present values, sorted (n,); may be a view of a file.
        missing: rows without a value.
        edges: strictly ascending edges (k,); every place below is an index into them.
        below: how many values lie at or below each edge (k,).
        bins: edges that end the bins of effect sizes; the last bin is open.
        cdf_points: edges at which the distribution functions are compared.
        tails: edges that end just below the 5th percentile and at the 95th.
        distinct: how many different values there are.
        variation: how far windows of the reference differ by themselves.
    """

    values: Numbers
    missing: int
    edges: Edges
    below: Counts
    bins: Places
    cdf_points: Places
    tails: Places
    scale: float
    distinct: int
    variation: Variation = Variation()

    @property
    def rows(self) -> int:
        """All rows, missing ones included."""
        return len(self.values) + self.missing

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN without rows."""
        return self.missing / self.rows if self.rows else float("nan")

    def quantile(self, level: float) -> float:
        """Return a quantile, linear between values; NaN without values."""
        return sorted_quantile(self.values, level)


@dataclass(frozen=True, slots=True)
class CategoricalReference:
    """A categorical feature of the reference: its sorted levels (k,) and their counts (k,)."""

    levels: Levels
    counts: Counts
    missing: int
    variation: Variation = Variation()

    @property
    def rows(self) -> int:
        """All rows, missing ones included."""
        return int(self.counts.sum()) + self.missing

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN without rows."""
        return self.missing / self.rows if self.rows else float("nan")

    @property
    def identifies_rows(self) -> bool:
        """Whether nearly every row has a value of its own."""
        return bool(len(self.levels) > IDENTIFIER_SHARE * max(int(self.counts.sum()), 1))


@dataclass(frozen=True, slots=True)
class UnreadableColumn:
    """A feature that cannot be read from the reference as declared, and why."""

    reason: str
    rows: int


ColumnReference = NumericReference | CategoricalReference | UnreadableColumn


def numeric_reference(column: NumericColumn | TallNumbers, bins: int) -> NumericReference:
    """Return the reference side of a numeric feature, with `bins` quantile bins."""
    if isinstance(column, TallNumbers):
        ordered = column.ordered()
    else:
        ordered = sorted_numbers(column.present)
    missing = column.rows - len(ordered)
    if len(ordered) == 0:
        no = np.zeros(0, dtype=np.int64)
        return NumericReference(ordered, missing, np.zeros(0), no, no, no, no, 0.0, 0)
    distinct = _count_distinct(ordered)
    ends = bin_ends(ordered, distinct, bins)
    points = cdf_points(ordered)
    low, high = (sorted_quantile(ordered, level) for level in TAIL_QUANTILES)
    tails = np.array([np.nextafter(low, -np.inf), high])
    edges = np.unique(np.concatenate([_fine_edges(ordered), ends, points, tails]))
    return NumericReference(
        values=ordered,
        missing=missing,
        edges=edges,
        below=count_up_to(ordered, edges),
        bins=np.searchsorted(edges, ends),
        cdf_points=np.searchsorted(edges, points),
        tails=np.searchsorted(edges, tails),
        scale=_standard_deviation(ordered),
        distinct=distinct,
    )


def categorical_reference(column: CategoricalColumn | TallCategories) -> CategoricalReference:
    """Return the reference side of a categorical feature."""
    return CategoricalReference(column.levels, column.counts, column.missing)


def bin_ends(ordered: Numbers, distinct: int, bins: int) -> Edges:
    """Return the ends that cut sorted values into at most `bins` equally filled bins.

    A value with more than a bin's share of rows, and every value of a column with few, gets a bin
    of its own: between and beside them are bins that are (nearly) empty in the reference, so that
    a new value is noticed. The last bin is open and has no end.
    """
    few = distinct <= bins
    heavy = _few_values(ordered) if few else _heavy_values(ordered, bins)
    places = np.ceil(np.arange(1, bins) / bins * (len(ordered) - 1)).astype(int)
    cuts = ordered[:0] if few else ordered[places]
    ends = np.concatenate([np.nextafter(heavy, -np.inf), heavy, np.nextafter(cuts, -np.inf)])
    finite: Edges = np.unique(ends[np.isfinite(ends)])
    return finite


def sorted_quantile(ordered: Numbers, level: float) -> float:
    """Return a quantile of sorted values, linear between them; NaN where there are none."""
    if len(ordered) == 0:
        return float("nan")
    place = level * (len(ordered) - 1)
    left = int(place)
    right = min(left + 1, len(ordered) - 1)
    low, high = float(ordered[left]), float(ordered[right])
    return low if low == high else low + (high - low) * (place - left)


def _count_distinct(ordered: Numbers) -> int:
    """Return how many different values there are among some that are in order."""
    count, last = 0, np.nan
    for part in slices(ordered):
        count += int(np.count_nonzero(part[1:] != part[:-1])) + int(part[0] != last)
        last = part[-1]
    return count


def _few_values(ordered: Numbers) -> Numbers:
    """Return the different values, of which there are few."""
    starts = [0]
    while starts[-1] < len(ordered):
        starts.append(int(np.searchsorted(ordered, ordered[starts[-1]], side="right")))
    return np.asarray(ordered[starts[:-1]])


def _heavy_values(ordered: Numbers, bins: int) -> Numbers:
    """Return the values with more than a bin's share: one in as many places is each of them."""
    values = np.unique(ordered[:: max(1, len(ordered) // bins)])
    first, last = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return np.asarray(values[(last - first) * bins > len(ordered)])


def _standard_deviation(ordered: Numbers) -> float:
    """The standard deviation, also of values too large or too small to square."""
    with np.errstate(over="ignore", invalid="ignore"):
        spread = _spread(ordered)
    if np.isfinite(spread) and spread > 0:
        return spread
    unit = max(abs(ordered[0]), abs(ordered[-1])) or 1.0
    return _spread(ordered, unit) * float(unit)


def _spread(ordered: Numbers, unit: float = 1.0) -> float:
    mean = sum(float(np.sum(part / unit)) for part in slices(ordered)) / len(ordered)
    squares = sum(float(np.sum((part / unit - mean) ** 2)) for part in slices(ordered))
    return float(np.sqrt(squares / len(ordered)))


def cdf_points(ordered: Numbers) -> Edges:
    """Return quantiles of sorted values, and points just below the frequent ones and the first.

    Towards both ends they lie closer and closer: that is where a long tail has its area.
    """
    steps = 2 ** np.arange(int(np.log2(len(ordered))) + 1)
    tails = np.concatenate([ordered[steps - 1], ordered[-steps]])
    picked = np.sort(np.concatenate([_evenly(ordered, CDF_POINTS), tails]))
    counts = np.searchsorted(ordered, picked, "right") - np.searchsorted(ordered, picked, "left")
    frequent = picked[counts > max(1, len(ordered) // CDF_POINTS)]
    return _with_points_below(picked, np.append(frequent, ordered[:1]))


def _evenly(ordered: Numbers, count: int) -> Numbers:
    places = np.linspace(0, len(ordered) - 1, min(count, len(ordered))).astype(int)
    return values_at(ordered, places)


def _with_points_below(picked: Numbers, frequent: Numbers) -> Edges:
    below = np.nextafter(frequent, -np.inf)
    edges = np.unique(np.concatenate([picked, below]))
    finite: Edges = edges[np.isfinite(edges)]
    return finite


def _fine_edges(ordered: Numbers) -> Edges:
    """Quantiles so close that few values lie between two, with heavy values between two edges.

    An edge just below the smallest value marks that the reference has nothing below it.
    """
    most = max(MAX_EDGES, min(TALL_EDGES, len(ordered) // 1536))
    count = min(most, max(64, len(ordered) // 64))
    picked = _evenly(ordered, count)
    if len(ordered) <= count:
        return _with_points_below(picked, picked)
    frequent = picked[1:][picked[1:] == picked[:-1]]
    return _with_points_below(picked, np.append(frequent, ordered[:1]))
