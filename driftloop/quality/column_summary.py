"""Summaries of features for the data-quality checks, small enough to keep for all features."""

from dataclasses import dataclass

import numpy as np

from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn
from driftloop.profiling.reference_column import CategoricalReference, NumericReference
from driftloop.profiling.tall import TallCategories, TallNumbers

SAMPLE_SIZE = 2000
"""Values that stand for a whole column where its distribution is compared."""

UNIT_CHANGE_DISTANCE = 0.5
"""Distance of the distribution functions beyond which a column may have changed its unit."""


@dataclass(frozen=True, slots=True)
class ValueSample:
    """Sorted samples of reference and current window, and the medians of all their values."""

    reference: Numbers
    current: Numbers
    medians: tuple[float, float]


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
        unseen_share: their share of the present values.
    """

    name: str
    fault: str | None = None
    missing_rates: tuple[float, float] = (float("nan"), float("nan"))
    comparable: bool = False
    sample: ValueSample | None = None
    unseen: tuple[str, ...] = ()
    unseen_share: float = 0.0


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
    return ColumnSummary(name, None, rates, comparable, sample)


def summarise_categorical(
    name: str,
    reference: CategoricalReference,
    current: CategoricalColumn | TallCategories,
    pair: CategoricalPair | None,
) -> ColumnSummary:
    """Return the summary of a categorical feature; `pair` is None where a side has no values."""
    rates = reference.missing_rate, current.missing_rate
    comparable = reference.rows > 0 and current.rows > 0
    if pair is None:
        return ColumnSummary(name, None, rates, comparable)
    unseen_rows = pair.current[pair.reference == 0].sum() / pair.rows[1]
    unseen = tuple(str(level) for level in pair.new_categories[:SAMPLE_SIZE])
    return ColumnSummary(name, None, rates, comparable, None, unseen, float(unseen_rows))


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
