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
    assert len(shape.reference) == len(shape.current) == len(shape.edges) - 1 == 10
    assert shape.edges[0] == min(old.min(), new.min())
    assert shape.edges[-1] == max(old.max(), new.max())
    for side, shares in ((old, shape.reference), (new, shape.current)):
        # Bins hold their upper end and not their lower one, histograms the other way round.
        inner = np.nextafter(shape.edges[1:-1], np.inf)
        counts, _ = np.histogram(side, [shape.edges[0], *inner, shape.edges[-1]])
        assert np.allclose(shares, counts / len(side))


def test_few_values_have_a_bar_each() -> None:
    old, new = np.repeat([1.0, 2.0, 5.0], [50, 30, 20]), np.repeat([1.0, 2.0, 9.0], [10, 30, 60])
    shape = NumericPair.of(old, new).shape("x")
    assert shape.reference == (0.5, 0.3, 0.2, 0.0)
    assert shape.current == (0.1, 0.3, 0.0, 0.6)
    assert (shape.edges[0], shape.edges[-1]) == (1.0, 9.0)
    assert list(shape.edges) == sorted(shape.edges)


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
