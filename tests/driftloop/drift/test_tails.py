"""Tails: exact against an enumeration, blind to what is no tail, and found where a distance is."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from driftloop.drift.measure import MeasuringOptions, measure_feature
from driftloop.drift.settings import DriftSettings
from driftloop.drift.tails import MANY, TailCounts, count_tails, tails_test
from driftloop.profiling.column_pair import NumericPair
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Features, build_profile


def test_the_p_value_is_the_share_of_all_orders_of_the_ranks_with_so_many_beyond() -> None:
    """Every order of 7 old and 5 new values is as likely; 2 old ones lie beyond the edges."""
    n, m, under, over = 7, 5, 1, 1
    beyond = []
    for places in combinations(range(n + m), m):
        old = sorted(set(range(n + m)) - set(places))
        low, high = old[under - 1], old[n - over - 1]
        beyond.append(sum(place < low or place > high for place in places))
    for now in range(2, m + 1):
        result = tails_test(TailCounts(under + over, now, 0, 0), (n, m))
        share = sum(count >= now for count in beyond) / comb(n + m, m)
        if result is not None:
            assert result.p_value == pytest.approx(share, rel=1e-9)
    assert tails_test(TailCounts(2, m, 0, 0), (n, m)) is not None


def test_both_ways_to_compute_a_p_value_meet() -> None:
    n = m = 10_000_000
    at = [
        result.p_value
        for before in (MANY // 2 - 2_000, MANY // 2 + 2_000)
        for result in [tails_test(TailCounts(before, before + 700, 0, 0), (n, m))]
        if result is not None
    ]
    assert at == pytest.approx([at[0], at[0]], rel=0.3)
    assert 0.005 < at[0] < 0.02


@pytest.mark.parametrize("shape", ["normal", "exponential", "uniform"])
def test_what_did_not_change_is_found_as_seldom_as_the_level_says(shape: str) -> None:
    draw, level, tries = getattr(np.random.default_rng(7), shape), 0.01, 1500
    hits = 0
    for _ in range(tries):
        pair = NumericPair.of(draw(size=2_000), draw(size=500))
        result = tails_test(count_tails(pair), pair.rows)
        hits += result is not None and result.p_value <= level
    assert 2 <= hits <= level * tries + 3 * (level * tries) ** 0.5


def test_the_counts_are_of_the_two_ends() -> None:
    old = np.arange(4_000.0)
    new = np.array([-1.0, 3.0, 4.0, 4.5, 500.0, 3_000.0, 3_994.0, 9_000.0])
    counts = count_tails(NumericPair.of(old, new))
    assert counts.low == 3.0
    assert 3_995.0 <= counts.high < 3_999.0
    assert counts.before == np.sum((old <= counts.low) | (old > counts.high))
    assert counts.now == np.sum((new <= counts.low) | (new > counts.high)) == 3


def test_a_value_with_more_than_a_tail_of_the_rows_is_none() -> None:
    old = np.concatenate([np.zeros(2_500), np.arange(1.0, 2_501.0)])
    new = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    counts = count_tails(NumericPair.of(old, new))
    assert 0 < counts.before <= 5, "half of the values are no tail"
    assert counts.now == 0


def found(new: "np.ndarray[tuple[int], np.dtype[np.float64]]", **settings: object) -> list[str]:
    """The tests of a run on a column that was standard normal."""
    import pandas as pd

    old = np.random.default_rng(0).normal(size=20_000)
    features = Features(("x",), ())
    by = DriftSettings.model_validate({"engine": "native", **settings})
    profile = build_profile(FrameColumns(pd.DataFrame({"x": old})), features, by.effect_sizes)
    batch = FrameColumns(pd.DataFrame({"x": new})).batch(("x",))
    measured = measure_feature(
        "x", True, profile.column("x"), batch, MeasuringOptions(by, 0.01 / 13)
    )
    return [finding.test for finding in measured.findings]


def test_few_values_that_are_far_too_large_are_found_and_ignored_columns_are_not() -> None:
    rng = np.random.default_rng(1)
    new = rng.normal(size=1_000)
    assert found(new) == ["ks"]
    new[:50] *= 5
    assert found(new) == ["ks", "tails"]
    assert found(new, ignore=["x"]) == []
    assert found(np.abs(new)[new < 2.5], minimum_rows=2_000) == ["none"]
