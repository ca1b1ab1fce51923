"""Summaries of features for the data-quality checks, small enough to keep for all features."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn
from driftloop.profiling.reference_column import CategoricalReference, NumericReference
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
"""Standard errors beyond which a rise of the missing rate is no chance: 3 in 100,000."""

UNIT_CHANGE_DISTANCE = 0.5
"""Distance of the distribution functions beyond which a column may have changed its unit."""


@dataclass(frozen=True, slots=True)
class ValueSample:
    """Sorted samples of reference and current window, and the medians of all their values."""

    reference: Numbers
    current: Numbers
    medians: tuple[float, float]


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
    rise = _usual_rise(reference, current)
    return ColumnSummary(name, None, rates, comparable, sample, stray=stray, usual_rise=rise)


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
    enough = min(pair.rows) >= LEAST_VALUES
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

    Far is beyond a quarter of the range or half of the middle half; of a column of few values,
    such as prices, beyond three ranges. A negative value is far from a reference without any.
    """
    reference = pair.reference
    if max(pair.beyond_range) < LEAST_STRAY or min(pair.rows) < LEAST_VALUES:
        return None
    low, high = float(reference.values[0]), float(reference.values[-1])
    values, counts = pair.values_beyond_range
    with np.errstate(over="ignore"):
        middle, reach = reference.quantile(0.75) - reference.quantile(0.25), high - low
        far = 3 * reach if reference.distinct <= FEW else min(middle / 2 or reach, reach / 4)
        distance = np.maximum(low - values, values - high)
    upto, below = np.cumsum(counts), counts[values < low].sum()
    nearer = np.where(values < low, below - upto, upto - counts - below)
    apart = (distance > far) | ((values < 0) & (low >= 0))
    rows = np.where(apart & (10 * nearer <= counts), counts, 0)
    most = int(np.argmax(rows))
    if reference.distinct < 2 or rows[most] < LEAST_STRAY:
        return None
    return StrayValue(float(values[most]), float(rows[most] / pair.rows[1]), (low, high))


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
