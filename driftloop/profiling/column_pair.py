"""Reference and current values of one feature, counted over the same bins.

Tests, effect sizes and sentences all read from here, so that one pass over the current values is
enough.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.distribution import Shape, shape_of_categories, shape_of_numbers
from driftloop.profiling.binning import (
    COMPILED_MIN_ROWS,
    Counts,
    Histogram,
    counts_between,
    histogram,
)
from driftloop.profiling.columns import (
    CategoricalColumn,
    Levels,
    Numbers,
    NumericColumn,
    categorical_column,
)
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair
from driftloop.profiling.ks_distance import RankedValues, ks_distance, single_value_bins
from driftloop.profiling.pooling import ContingencyTable, pool_rare_categories
from driftloop.profiling.reference_column import (
    CategoricalReference,
    NumericReference,
    categorical_reference,
    cdf_points,
    numeric_reference,
    sorted_quantile,
)
from driftloop.profiling.sorting import sorted_numbers
from driftloop.profiling.tall import ROUND, TallCategories, TallNumbers, count_up_to, values_beyond

Quartiles = tuple[float, float, float]
QUARTILES = (0.25, 0.5, 0.75)


class NumericPair:
    """A numeric feature: the reference and the present values of the current window.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> pair = NumericPair.of(rng.normal(size=1000), rng.normal(1, 1, 1000))
        >>> round(pair.distance, 2), round(pair.quartiles[1], 1)
        (0.4, 1.0)
    """

    def __init__(self, reference: NumericReference, current: Numbers | TallNumbers) -> None:
        self.reference = reference
        self.current = current
        self._looked_into = np.zeros(0, dtype=bool), RankedValues(np.zeros(0), np.zeros(0, int))

    @staticmethod
    def of(reference: npt.ArrayLike, current: npt.ArrayLike, bins: int = 10) -> "NumericPair":
        """Return the pair of two samples of finite numbers."""
        old, new = (np.asarray(side, dtype=np.float64) for side in (reference, current))
        return NumericPair(numeric_reference(NumericColumn(old, 0), bins), new)

    @property
    def rows(self) -> tuple[int, int]:
        """Present values of reference and current window."""
        return len(self.reference.values), len(self.current)

    @cached_property
    def below(self) -> Counts:
        """How many current values lie at or below each edge of the reference."""
        if self._sorted is not None:
            return count_up_to(self._sorted, self.reference.edges)
        return np.cumsum(self._counts[:-1])

    @cached_property
    def distance(self) -> float:
        """The Kolmogorov-Smirnov distance, exactly as from two sorted samples."""
        return ks_distance(self.reference, self.below, len(self.current), self._ranked)

    @cached_property
    def quartiles(self) -> Quartiles:
        """The quartiles of the current values."""
        if self._sorted is not None:
            low, middle, high = (sorted_quantile(self._sorted, level) for level in QUARTILES)
            return low, middle, high
        left, right = np.split(self._values_at(self._quartile_ranks), 2)
        places = np.array(QUARTILES) * (len(self.current) - 1)
        low, middle, high = left + (right - left) * (places % 1)
        return float(low), float(middle), float(high)

    @property
    def _quartile_ranks(self) -> npt.NDArray[np.int64]:
        """The ranks on both sides of each quartile."""
        last = len(self.current) - 1
        floor = np.floor(np.array(QUARTILES) * last).astype(int)
        return np.concatenate([floor, np.minimum(floor + 1, last)])

    @property
    def outside_tails(self) -> tuple[float, float]:
        """Shares of current values below the reference's 5th and above its 95th percentile."""
        under, upto = self.below[self.reference.tails]
        return float(under / len(self.current)), float(1 - upto / len(self.current))

    @property
    def beyond_range(self) -> tuple[int, int]:
        """How many current values lie below the reference's smallest and above its largest."""
        reference = self.reference
        under = self.below[0] if reference.edges[0] < reference.values[0] else 0
        return int(under), len(self.current) - int(self.below[-1])

    @cached_property
    def values_beyond_range(self) -> tuple[Numbers, Counts]:
        """The different current values outside the reference's range, sorted, and their rows."""
        new, ends = self.current, (self.reference.values[0], self.reference.values[-1])
        outside = new.beyond(ends) if isinstance(new, TallNumbers) else [values_beyond(new, ends)]
        values, places = np.unique(
            np.concatenate([part for part, _ in outside]), return_inverse=True
        )
        rows = np.zeros(len(values), dtype=np.int64)
        np.add.at(rows, places, np.concatenate([counts for _, counts in outside]))
        return values, rows

    @property
    def binned(self) -> Binned:
        """Both samples over the bins of the reference.

        It is not kept: it refers to the pair, which would hold its values until a collection.
        """
        return Binned(*self._bin_counts, self._cdfs)

    @cached_property
    def _bin_counts(self) -> tuple[Numbers, Numbers]:
        bins, (n, m) = self.reference.bins, self.rows
        old = counts_between(self.reference.below[bins], n)
        new = counts_between(self.below[bins], m)
        return old.astype(float), new.astype(float)

    def shape(self, name: str) -> Shape:
        """Return the shares of both samples over ranges of equal width."""
        current, count, (low, high) = self._sorted, len(self.current), self._range
        if current is None:  # taken to be even between two edges of the reference
            points = np.concatenate([[low], self.reference.edges, [high]]).clip(low, high)
            below = np.concatenate([[0], self.below, [count]])
            current = np.interp(np.linspace(0, count, 9_999), below, points)
        return shape_of_numbers(name, self.reference.values, current, self._sorted is None)

    @property
    def contingency_table(self) -> ContingencyTable:
        """Both samples counted over the bins, as whole numbers, for a test of homogeneity."""
        return pool_rare_categories(*self._bin_counts)

    @cached_property
    def constant(self) -> bool:
        """Whether one single value fills both samples."""
        only = self.reference.values[0]
        return self.reference.distinct == 1 and self._range == (only, only)

    def _cdfs(self) -> CdfPair:
        """Return both distribution functions at quantiles of reference and current values.

        Each point at a frequent value has one just below it, so that a jump stays a jump.
        """
        reference, n, m = self.reference, *self.rows
        own = reference.edges[reference.cdf_points]
        added, counts_at_added = self._added_cdf_points()
        points = np.concatenate([own, added])
        at_own = reference.cdf_points
        shares = (
            np.concatenate([reference.below[at_own], count_up_to(reference.values, added)]) / n,
            np.concatenate([self.below[at_own], counts_at_added]) / m,
        )
        points, first = np.unique(points, return_index=True)
        return CdfPair(points, shares[0][first], shares[1][first], reference.scale)

    def _added_cdf_points(self) -> tuple[Numbers, Counts]:
        """Return points among the current values, and how many of these lie at or below each.

        Large samples are not sorted, so only their smallest and largest value are used.
        """
        if self._sorted is not None:
            points = cdf_points(self._sorted)
            return points, count_up_to(self._sorted, points)
        low, high = self._range
        count, current = len(self.current), self.current
        points = np.nextafter([low, low, high, high], [-np.inf, low, -np.inf, high])
        if isinstance(current, TallNumbers):
            lowest, top = current.at_ends()
        else:
            lowest, top = (int(np.count_nonzero(current == end)) for end in (low, high))
        return points, np.array([0, lowest, count - top, count])

    @cached_property
    def _range(self) -> tuple[float, float]:
        if self._sorted is not None:
            return float(self._sorted[0]), float(self._sorted[-1])
        if isinstance(self.current, TallNumbers):
            return self.current.ends
        return float(self.current.min()), float(self.current.max())

    @cached_property
    def _sorted(self) -> Numbers | None:
        """The current values in order; None where there are so many that counting is cheaper.

        A tall column is sorted where one bin holds too many values to look into.
        """
        if isinstance(self.current, TallNumbers):
            crowded = (self.current.counts > ROUND) & ~single_value_bins(self.reference.edges)
            return self.current.ordered() if crowded.any() else None
        return sorted_numbers(self.current) if len(self.current) < COMPILED_MIN_ROWS else None

    @property
    def _counts(self) -> Counts:
        return (self.current if isinstance(self.current, TallNumbers) else self._histogram).counts

    @cached_property
    def _histogram(self) -> Histogram:
        return histogram(np.asarray(self.current), self.reference.edges)

    def _values_at(self, ranks: npt.NDArray[np.int64]) -> Numbers:
        """Return the values at ranks (from 0) among all."""
        edges = self.reference.edges
        bins = np.searchsorted(self.below, ranks, side="right")
        single = single_value_bins(edges)[bins]
        ranked = self._ranked(self._bins_of(ranks))
        values: Numbers = edges[np.minimum(bins, len(edges) - 1)]
        values[~single] = ranked.values[np.searchsorted(ranked.ranks, ranks[~single])]
        return values

    def _ranked(self, wanted: npt.NDArray[np.bool_]) -> RankedValues:
        """Return the values of the wanted bins, or more, in order, each with its rank among all.

        Those of the quartiles come along: a tall column need not be read once more for them.
        """
        before, ranked = self._looked_into
        if len(before) == 0 or (wanted & ~before).any():
            wanted = wanted | self._bins_of(self._quartile_ranks)
            ranked = self._look_into(wanted)
            self._looked_into = wanted, ranked
        return ranked

    def _bins_of(self, ranks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return the bins (k + 1,) that hold values of ranks, unless by their edges alone."""
        edges = self.reference.edges
        held = np.zeros(len(edges) + 1, dtype=bool)
        held[np.searchsorted(self.below, ranks, side="right")] = True
        return held & ~single_value_bins(edges)

    def _look_into(self, wanted: npt.NDArray[np.bool_]) -> RankedValues:
        upto = np.append(self.below, len(self.current))
        before = np.concatenate([[0], upto[:-1]])
        ends = zip(before[wanted].tolist(), upto[wanted].tolist(), strict=True)
        ranks = np.concatenate([np.zeros(0, np.int64), *(np.arange(*both) for both in ends)])
        if self._sorted is not None:
            return RankedValues(self._sorted[ranks], ranks)
        if isinstance(self.current, TallNumbers):
            return RankedValues(sorted_numbers(self.current.within(wanted)), ranks)
        chosen = np.flatnonzero(wanted[self._histogram.codes])
        return RankedValues(sorted_numbers(self.current[chosen]), ranks)


@dataclass(frozen=True)
class CategoricalPair:
    """A categorical feature: the counts of both windows over all levels that occur in either."""

    levels: Levels
    reference: Counts
    current: Counts
    identifies_rows: bool = False

    @staticmethod
    def of(reference: npt.ArrayLike, current: npt.ArrayLike) -> "CategoricalPair":
        """Return the pair of two samples of categories without gaps."""
        sides = [
            categorical_column(pd.DataFrame({"x": side}), "x") for side in (reference, current)
        ]
        return CategoricalPair.from_reference(categorical_reference(sides[0]), sides[1])

    @staticmethod
    def from_reference(
        reference: CategoricalReference, current: CategoricalColumn | TallCategories
    ) -> "CategoricalPair":
        """Return the pair of a stored reference and a column of the current window."""
        levels = np.unique(np.concatenate([reference.levels, current.levels]))
        sides = []
        for side in (reference, current):
            counts = np.zeros(len(levels), dtype=np.int64)
            counts[np.searchsorted(levels, side.levels)] = side.counts
            sides.append(counts)
        return CategoricalPair(levels, sides[0], sides[1], reference.identifies_rows)

    @cached_property
    def rows(self) -> tuple[int, int]:
        """Present values of reference and current window."""
        return int(self.reference.sum()), int(self.current.sum())

    @cached_property
    def contingency_table(self) -> ContingencyTable:
        """Both windows counted over the levels, rare ones pooled."""
        return pool_rare_categories(self.reference, self.current)

    @property
    def binned(self) -> Binned:
        """Both windows over all levels, none pooled: effect sizes have a form for rare ones."""
        return Binned(self.reference.astype(float), self.current.astype(float))

    def shape(self, name: str) -> Shape:
        """Return the shares of both windows over the most frequent levels."""
        binned = self.binned
        return shape_of_categories(name, self.levels, binned.reference, binned.current)

    @property
    def new_categories(self) -> Levels:
        """Levels that do not occur in the reference, the most frequent first."""
        return self._only_in(self.current, self.reference)

    @property
    def new_rows(self) -> int:
        """Current rows of categories that do not occur in the reference."""
        return int(self.current[self.reference == 0].sum())

    @property
    def chance_of_new(self) -> float:
        """How probable it is that one more row has a category unseen in the reference.

        Source: Good, The population frequencies of species and the estimation of population
        parameters, Biometrika 40, 1953: the share of the categories that occur once.
        """
        return min((int((self.reference == 1).sum()) + 1) / (self.rows[0] + 1), 1.0)

    @property
    def vanished_categories(self) -> Levels:
        """Levels that no longer occur in the current window, the most frequent first."""
        return self._only_in(self.reference, self.current)

    @property
    def constant(self) -> bool:
        """Whether one single value fills both windows."""
        return len(self.levels) == 1

    def _only_in(self, one_side: Counts, other_side: Counts) -> Levels:
        only = (one_side > 0) & (other_side == 0)
        order = np.argsort(-one_side[only], kind="stable")
        levels: Levels = self.levels[only][order]
        return levels
