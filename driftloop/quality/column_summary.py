"""What data-quality checks need to know of a feature: small enough to keep for all of them."""

from dataclasses import dataclass

import numpy as np

from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn
from driftloop.profiling.reference_column import CategoricalReference, NumericReference

SKETCH = 2000
"""Values that stand for a whole column where its shape is looked at."""

FAR = 0.5
"""Distance of the distribution functions beyond which a column may have changed its unit."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Some values of reference and current window, sorted, and the medians of all of them."""

    reference: Numbers
    current: Numbers
    medians: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Glance:
    """One feature of the reference and of the current window at a glance.

    `fault` says why it cannot be read as declared; `unseen` names the categories that the
    reference never held and `unseen_share` is their share of the present values. Numbers have a
    sketch where both windows are far apart.
    """

    name: str
    fault: str | None = None
    missing_rates: tuple[float, float] = (float("nan"), float("nan"))
    comparable: bool = False
    sketch: Sketch | None = None
    unseen: tuple[str, ...] = ()
    unseen_share: float = 0.0


def glance_at_numbers(
    name: str, reference: NumericReference, current: NumericColumn, pair: NumericPair | None
) -> Glance:
    """Return a numeric feature at a glance; `pair` is None where a side holds no values."""
    rates = reference.missing_rate, current.missing_rate
    comparable = reference.rows > 0 and current.rows > 0
    if pair is None:
        return Glance(name, None, rates, comparable)
    if _at_edges(pair) <= FAR:
        return Glance(name, None, rates, comparable)
    medians = reference.quantile(0.5), pair.quartiles[1]
    sketch = Sketch(_quantiles(reference), _picked(pair.current), medians)
    return Glance(name, None, rates, comparable, sketch)


def glance_at_categories(
    name: str,
    reference: CategoricalReference,
    current: CategoricalColumn,
    pair: CategoricalPair | None,
) -> Glance:
    """Return a categorical feature at a glance; `pair` is None where a side holds no values."""
    rates = reference.missing_rate, current.missing_rate
    comparable = reference.rows > 0 and current.rows > 0
    if pair is None:
        return Glance(name, None, rates, comparable)
    held = pair.current[pair.reference == 0].sum() / pair.rows[1]
    unseen = tuple(str(one) for one in pair.new[:SKETCH])
    return Glance(name, None, rates, comparable, None, unseen, float(held))


def _quantiles(reference: NumericReference) -> Numbers:
    """The reference at even steps, told from its edges so that its values are not gone through."""
    count = len(reference.values)
    if count <= SKETCH:
        return reference.values
    ranks = np.linspace(1, count, SKETCH).astype(int)
    places = np.minimum(np.searchsorted(reference.below, ranks), len(reference.edges) - 1)
    found: Numbers = reference.edges[places]
    return found


def _picked(values: Numbers) -> Numbers:
    """A seeded pick: every n-th row would fall in step with data that repeats by the hour."""
    if len(values) > SKETCH:
        values = values[np.random.default_rng(0).integers(0, len(values), SKETCH)]
    return np.sort(values)


def _at_edges(pair: NumericPair) -> float:
    """Largest distance at an edge of the reference: enough to tell near from far."""
    n, m = pair.rows
    return float(np.max(np.abs(pair.reference.below / n - pair.below / m)))
