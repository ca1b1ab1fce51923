"""Summaries of features for the data-quality checks, small enough to keep for all features."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from driftloop.profiling.binning import Counts
from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn
from driftloop.profiling.ks_distance import ks_distance_of_sorted
from driftloop.profiling.reference_column import CategoricalReference, NumericReference, Variation
from driftloop.profiling.tall import TallCategories, TallNumbers

SAMPLE_SIZE = 2000
"""Values that stand for a whole column where its distribution is compared."""

LEAST_VALUES = 30
"""Fewer values than this do not show that a column is another one."""

FEW = 10
"""Different values up to which a new one may well be one of the same kind."""

LEAST_STRAY = 5
"""Fewer rows than this do not show that a value is a code."""

CERTAIN = 4.0
"""Standard errors beyond which a rise of the missing rate is not chance: 3 in 100,000."""

CODES = 3
"""Different values on one side of the range up to which each of them may be a code."""

WHOLE = 0.9
"""Share of the values from which on a window lies beyond the range as a whole."""

RESTLESS = 5.0
"""Multiple of what chance gives by which windows of the reference differ where a column moves."""

LEAST_BEYOND = 10
"""Fewer rows than this beyond the range do not show what they are."""

LEAST_THERE = 0.1
"""Share of the reference that another unit has to carry beyond its range to be recognised."""

UNIT_CHANGE_DISTANCE = 0.5
"""Distance of the distribution functions beyond which a column may have changed its unit."""


@dataclass(frozen=True, slots=True)
class ValueSample:
    """Sorted samples of reference and current window, and the medians of all their values."""

    reference: Numbers
    current: Numbers
    medians: tuple[float, float]


class Beyond(NamedTuple):
    """Values on one side of the reference's range, and what is needed to tell another unit.

    Args:
        reference: sorted sample of the reference.
        values: sorted sample of the values beyond `end`, the end of its range on that side.
        share: of them among the present values of the window.
        distance: of the distribution functions of reference and window, less that of chance.
    """

    reference: Numbers
    values: Numbers
    share: float
    end: float
    distance: float

    def alike(self, factor: float) -> float:
        """Return how far the values are from those that `factor` times the reference has there.

        A Kolmogorov-Smirnov distance, as a multiple of what still looks alike: 0.2, or what chance
        gives as few values at 5 %. Infinite where hardly any of the reference would lie there, and
        where a part in that unit leaves open why the window as a whole is so far.
        """
        scaled = self.reference * factor
        above = self.values[0] > self.end
        there = scaled[scaled > self.end] if above else scaled[scaled < self.end]
        if len(there) < LEAST_THERE * len(scaled):
            return float("inf")
        if self.distance > self.share * len(scaled) / len(there):
            return float("inf")
        alike = max(0.2, 1.36 / float(np.sqrt(len(self.values))))
        return ks_distance_of_sorted(there, self.values) / alike


class StrayValue(NamedTuple):
    """A single value that stands apart from the reference's range, and its share of the values."""

    value: float
    share: float
    range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """One feature of the reference and of the current window, summarised.

    Args:
        name: the feature.
        fault: why it cannot be read as declared; None where it can.
        missing_rates: of the reference and of the current window.
        comparable: whether both sides have rows.
        sample: values of both sides; numbers only, where the distributions are far apart.
        beyond: values below and above the reference's range, where there are enough.
        unseen: categories that do not occur in the reference.
        unseen_share: their share of the present values, less that which the reference's rare
            categories let expect; 0 where there are few values.
        stray: the most frequent value that stands apart from the reference's range, if there is.
        usual_rise: of the missing rate, by chance or among the reference's own windows.
    """

    name: str
    fault: str | None = None
    missing_rates: tuple[float, float] = (float("nan"), float("nan"))
    comparable: bool = False
    sample: ValueSample | None = None
    beyond: tuple[Beyond, ...] = ()
    unseen: tuple[str, ...] = ()
    unseen_share: float = 0.0
    stray: StrayValue | None = None
    usual_rise: float = 0.0


def summarise_numeric(
    name: str,
    reference: NumericReference,
    current: NumericColumn | TallNumbers,
    pair: NumericPair | None,
) -> ColumnSummary:
    """Return the summary of a numeric feature; `pair` is None where a side has no values."""
    rates = reference.missing_rate, current.missing_rate
    comparable, sample = reference.rows > 0 and current.rows > 0, None
    if pair is not None and _distance_at_edges(pair) > UNIT_CHANGE_DISTANCE:
        medians = reference.quantile(0.5), pair.quartiles[1]
        sample = ValueSample(_quantiles(reference), _sampled(pair.current), medians)
    stray = None if pair is None else _stray(pair)
    beyond, rise = () if pair is None else _beyond(pair), _usual_rise(reference, current)
    return ColumnSummary(
        name, None, rates, comparable, sample, beyond, stray=stray, usual_rise=rise
    )


def summarise_categorical(
    name: str,
    reference: CategoricalReference,
    current: CategoricalColumn | TallCategories,
    pair: CategoricalPair | None,
) -> ColumnSummary:
    """Return the summary of a categorical feature; `pair` is None where a side has no values."""
    rates = reference.missing_rate, current.missing_rate
    comparable, rise = reference.rows > 0 and current.rows > 0, _usual_rise(reference, current)
    if pair is None:
        return ColumnSummary(name, None, rates, comparable, usual_rise=rise)
    unseen = tuple(str(level) for level in pair.new_categories[:SAMPLE_SIZE])
    varies = len(reference.levels) == 1 and pair.new_rows < pair.rows[1]
    # That a constant varies at last is for drift; where it is gone, it was renamed.
    enough = min(pair.rows) >= LEAST_VALUES and not varies
    share = pair.new_rows / pair.rows[1] - pair.chance_of_new if enough else 0.0
    return ColumnSummary(
        name, None, rates, comparable, unseen=unseen, unseen_share=share, usual_rise=rise
    )


def _usual_rise(
    reference: NumericReference | CategoricalReference,
    current: NumericColumn | CategoricalColumn | TallNumbers | TallCategories,
) -> float:
    rows = reference.rows, current.rows
    if not all(rows):
        return 0.0
    pooled = (reference.missing + current.missing) / sum(rows)
    error = np.sqrt(pooled * (1 - pooled) * (1 / rows[0] + 1 / rows[1]))
    return float(max(CERTAIN * error, *reference.variation.missing, 0.0))


def _stray(pair: NumericPair) -> StrayValue | None:
    """Return the most frequent value far beyond the reference's range, with little in between.

    Far is beyond a quarter of the range or half of the middle half; beyond three ranges of a column
    of few values, such as prices, or of one that moved from window to window before, such as an
    interest rate, which may also leave its range as a whole. A negative value is far from a
    reference without any. A world that changed has many values there, of which none is half.
    """
    reference, restless = pair.reference, _restless(pair.reference.variation)
    if max(pair.beyond_range) < LEAST_STRAY or min(pair.rows) < LEAST_VALUES:
        return None
    low, high = float(reference.values[0]), float(reference.values[-1])
    values, counts = pair.values_beyond_range
    with np.errstate(over="ignore"):
        middle, reach = reference.quantile(0.75) - reference.quantile(0.25), high - low
        loose = restless or reference.distinct <= FEW
        far = 3 * reach if loose else min(middle / 2 or reach, reach / 4)
        distance = np.maximum(low - values, values - high)
    upto, below = np.cumsum(counts), counts[values < low].sum()
    under = values < low
    nearer = np.where(under, below - upto, upto - counts - below)
    apart = (distance > far) | ((values < 0) & (low >= 0))
    side = np.where(under, below, counts.sum() - below)
    alone = (2 * counts >= side) | (np.where(under, under.sum(), (~under).sum()) <= CODES)
    if restless:
        alone &= side < WHOLE * pair.rows[1]
    rows = np.where(apart & alone & (10 * nearer <= counts), counts, 0)
    most = int(np.argmax(rows))
    if reference.distinct < 2 or rows[most] < LEAST_STRAY:
        return None
    return StrayValue(float(values[most]), float(rows[most] / pair.rows[1]), (low, high))


def _restless(variation: Variation) -> bool:
    """Say whether windows of the reference differ by far more than chance."""
    effects, chance = variation.effects, variation.effects_by_chance
    if len(effects) < 2 or not chance:
        return False
    return bool(np.median(effects) > RESTLESS * max(chance))


def _beyond(pair: NumericPair) -> tuple[Beyond, ...]:
    """Return the values on each side of the reference's range, where there are enough."""
    if max(pair.beyond_range) < LEAST_BEYOND or min(pair.rows) < LEAST_VALUES:
        return ()
    values, counts = pair.values_beyond_range
    known = _quantiles(pair.reference)
    ends = float(pair.reference.values[0]), float(pair.reference.values[-1])
    sides = values < ends[0], values > ends[1]
    distance = _distance_at_edges(pair) - 1.36 / pair.rows[1] ** 0.5
    return tuple(
        Beyond(known, _spread(values[side], counts[side]), rows / pair.rows[1], end, distance)
        for side, end in zip(sides, ends, strict=True)
        if (rows := int(counts[side].sum())) >= LEAST_BEYOND
    )


def _spread(values: Numbers, counts: Counts) -> Numbers:
    """Return sorted values, each as often as it occurs, or evenly spaced ranks of too many."""
    total = int(counts.sum())
    ranks = np.linspace(1, total, min(total, SAMPLE_SIZE)).astype(int)
    return values[np.searchsorted(np.cumsum(counts), ranks)]


def _quantiles(reference: NumericReference) -> Numbers:
    """Evenly spaced quantiles of the reference, from its edges and not from all its values."""
    count = len(reference.values)
    if count <= SAMPLE_SIZE:
        return reference.values
    ranks = np.linspace(1, count, SAMPLE_SIZE).astype(int)
    places = np.minimum(np.searchsorted(reference.below, ranks), len(reference.edges) - 1)
    quantiles: Numbers = reference.edges[places]
    return quantiles


def _sampled(values: Numbers | TallNumbers) -> Numbers:
    """A seeded sample: every n-th row would fall in step with data that repeats by the hour."""
    if len(values) > SAMPLE_SIZE:
        values = values[np.random.default_rng(0).integers(0, len(values), SAMPLE_SIZE)]
    return np.sort(np.asarray(values))


def _distance_at_edges(pair: NumericPair) -> float:
    """The largest distance at an edge of the reference: enough to tell near from far."""
    n, m = pair.rows
    return float(np.max(np.abs(pair.reference.below / n - pair.below / m)))
