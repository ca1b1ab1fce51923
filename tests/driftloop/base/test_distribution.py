"""Shapes hold the shares that numpy and pandas count."""

import numpy as np
import pandas as pd
import pytest

from driftloop.drift.measure import MeasuringOptions, categorical_findings, numeric_finding
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_pair import CategoricalPair, NumericPair

YARDSTICK = MeasuringOptions(DriftSettings(), 0.01)


@pytest.mark.parametrize("rows", [2_000, 60_000], ids=["sorted", "counted"])
def test_numbers_are_counted_as_by_a_histogram(rows: int) -> None:
    rng = np.random.default_rng(0)
    old, new = rng.lognormal(size=5_000), rng.lognormal(0.3, 1.2, rows)
    shape = NumericPair.of(old, new).shape("amount")
    assert len(shape.reference) == len(shape.current) == len(shape.edges) - 1 == 24
    assert shape.logarithmic
    assert np.allclose(np.diff(np.log(shape.edges)), np.diff(np.log(shape.edges))[0])
    assert shape.edges[0] == pytest.approx(np.quantile(new, 0.01), rel=0.2)
    assert shape.edges[-1] == pytest.approx(np.quantile(new, 0.99), rel=0.2)
    for side, shares in ((old, shape.reference), (new, shape.current)):
        # Ranges hold their upper end and not their lower one, histograms the other way round.
        inner = np.nextafter(shape.edges[1:-1], np.inf)
        counts, _ = np.histogram(side, [-np.inf, *inner, np.inf])
        exact = side is old or rows == 2_000
        assert np.allclose(shares, counts / len(side), atol=1e-12 if exact else 0.005)


def test_a_short_tail_is_drawn_over_a_plain_axis() -> None:
    rng = np.random.default_rng(0)
    shape = NumericPair.of(rng.normal(9, 1, 5_000), rng.normal(9, 1, 900)).shape("x")
    assert not shape.logarithmic
    assert np.allclose(np.diff(shape.edges), np.diff(shape.edges)[0])


def test_few_whole_numbers_have_a_range_each() -> None:
    old, new = np.repeat([1.0, 2.0, 5.0], [50, 30, 20]), np.repeat([1.0, 2.0, 9.0], [10, 30, 60])
    shape = NumericPair.of(old, new).shape("x")
    assert shape.edges == tuple(number + 0.5 for number in range(10))
    assert shape.reference == (0.5, 0.3, 0, 0, 0.2, 0, 0, 0, 0)
    assert shape.current == (0.1, 0.3, 0, 0, 0, 0, 0, 0, 0.6)


def test_the_widest_range_there_is() -> None:
    old, new = np.linspace(-1.7e308, -1.6e308, 500), np.full(500, 1.7e308)
    shape = NumericPair.of(old, new).shape("x")
    assert np.isfinite(shape.edges).all()
    assert (shape.reference[0], shape.current[-1]) == (1, 1)


@pytest.mark.parametrize("value", [0.0, -3.0, 0.25, 1e300, 2.0**60])
def test_a_single_value_is_in_the_middle(value: float) -> None:
    shape = NumericPair.of([value] * 50, [value] * 20).shape("x")
    assert shape.edges[0] < value < shape.edges[-1]
    assert max(shape.reference) == max(shape.current) == 1.0


def test_categories_are_counted_as_by_pandas() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"c{number:02}" for number in range(20)])
    old = rng.choice(names, 4_000, p=np.arange(1, 21) / 210)
    new = rng.choice(names, 1_000, p=np.arange(20, 0, -1) / 210)
    shape = CategoricalPair.of(old, new).shape("country")
    assert len(shape.labels) == 13
    assert shape.labels[-1] == "other"
    for side, shares in ((old, shape.reference), (new, shape.current)):
        counted = pd.Series(side).value_counts(normalize=True)
        told = counted.reindex(list(shape.labels[:-1])).fillna(0)
        assert np.allclose(shares[:-1], told)
        assert sum(shares) == pytest.approx(1)
    both = pd.concat([pd.Series(one).value_counts(normalize=True) for one in (old, new)], axis=1)
    assert set(shape.labels[:-1]) == set(both.fillna(0).max(axis=1).nlargest(12).index)


def test_long_labels_are_cut_and_none_is_other_where_all_fit() -> None:
    shape = CategoricalPair.of(["x" * 5_000, "y"], ["y", "y"]).shape("x")
    assert shape.labels == ("y", "x" * 80)
    assert (shape.reference, shape.current) == ((0.5, 0.5), (1.0, 0.0))


def test_tested_features_have_a_shape() -> None:
    rng = np.random.default_rng(0)
    pair = NumericPair.of(rng.normal(size=500), rng.normal(size=500))
    assert numeric_finding("x", pair, YARDSTICK).shape == pair.shape("x")
    levels = CategoricalPair.of(rng.choice(["a", "b"], 500), rng.choice(["a", "c"], 500))
    shares, *others = categorical_findings("y", levels, YARDSTICK)
    assert shares.shape == levels.shape("y")
    assert [other.shape for other in others] == [None, None]
