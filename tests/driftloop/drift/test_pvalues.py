import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import driftloop.drift.pvalues
from driftloop.drift.pvalues import (
    CLOSED_FORM_BELOW,
    EXACT_KS_MAX_PRODUCT,
    chi_square_of_table,
    fisher_p_value,
    ks_exact,
    ks_p_value,
    scipy_ks_p_value,
    vrbik_error,
)

SEEDS = st.integers(0, 2**32 - 1)
SIZES = (1_000, 1_300, 4_500, 22_000, 70_000)
Z = np.concatenate([np.linspace(0.07, 2.0, 40), np.linspace(2.05, 7.9, 24)])


def cases() -> list[tuple[int, float]]:
    """Sizes and z; few for the large sizes, at which scipy takes a tenth of a second and more."""
    few = [(n, z) for n in (210_000, 450_000) for z in (0.31, 1.2, 1.5, 4.1)]
    return [(n, float(z)) for n in SIZES for z in Z[:: 1 if n < 10_000 else 4]] + few


def test_asymptotic_p_is_scipys_within_its_stated_error() -> None:
    """scipy ``kstwo.sf``: to 1e-6, and to the stated relative error of either p-value.

    Where that error is not zero it is at least twice what it is found to be.
    """
    approximated = 0
    for n, z in cases():
        d = z / math.sqrt(n)
        exact, found = stats.kstwo.sf(d, n), ks_p_value(d, (2 * n, 2 * n))
        apart = abs(found.value - exact)
        assert apart <= 1e-6, (n, z)
        if found.relative_error == 0.0:
            assert z * z < CLOSED_FORM_BELOW
            assert apart <= 5e-8, (n, z)
        else:
            approximated += 1
            assert 2 * apart <= found.relative_error * min(found.value, exact), (n, z)
    assert approximated > 100


@pytest.mark.parametrize("n", [1000, 2200])
def test_stated_error_holds_far_out(n: int) -> None:
    """Up to p = 1e-280, far beyond any decision."""
    for z in np.linspace(8, 17.8, 30):
        d = z / math.sqrt(n)
        exact, found = stats.kstwo.sf(d, n), ks_p_value(d, (2 * n, 2 * n))
        assert abs(found.value - exact) <= found.relative_error * min(found.value, exact), z


def test_stated_error_is_small_where_a_verdict_falls() -> None:
    """A bound of any size would pass the tests above: down to p = 1e-12 it is useful."""
    for n, most in ((5_000, 0.04), (50_000, 0.004), (500_000, 0.0004)):
        assert all(vrbik_error(z, n) < most for z in np.linspace(0.05, 3.7, 100))


def test_no_slow_p_value_for_large_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """scipy takes up to 0.9 s for one at a million rows, and its import another second."""

    def slow(statistic: float, rows: tuple[int, int]) -> float:
        raise AssertionError((statistic, rows))

    monkeypatch.setattr(driftloop.drift.pvalues, "scipy_ks_p_value", slow)
    for rows in ((10**6, 10**6), (10**6, 60_000), (10_000, 10_000), (2000, 2000)):
        size = rows[0] * rows[1] / sum(rows)
        for z in np.linspace(0, 20, 200):
            assert 0.0 <= ks_p_value(z / math.sqrt(size), rows).value <= 1.0


@pytest.mark.parametrize("rows", [(2000, 2000), (10**6, 10**6), (40, 900)])
def test_ends_of_the_range(rows: tuple[int, int]) -> None:
    assert ks_p_value(0.0, rows).value == 1.0
    certain = ks_p_value(1.0, rows).value
    assert 0.0 <= certain < 1e-30
    close = [ks_p_value(d, rows).value for d in np.linspace(0.9, 1.0, 20)]
    assert not np.isnan(close).any()


def test_p_never_rises_with_the_distance() -> None:
    """No step up where one formula hands over to another."""
    for n in (900, 1000, 3_000, 30_000, 10**6):
        found = [ks_p_value(z / math.sqrt(n), (2 * n, 2 * n)).value for z in np.linspace(0, 8, 800)]
        assert np.all(np.diff(found) <= 1e-9)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 4000), st.integers(2, 4000), st.booleans())
def test_asymptotic_p_is_that_of_ks_2samp(seed: int, n: int, m: int, ties: bool) -> None:
    """scipy ``ks_2samp(method="asymp")``, with and without ties."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(rng.choice([0, 0.1, 1]), size=m)
    if ties:
        a, b = a.round(1), b.round(1)
    expected = stats.ks_2samp(a, b, method="asymp")
    found = ks_p_value(float(expected.statistic), (n, m))
    assert found.value == pytest.approx(expected.pvalue, abs=1e-6)
    exactly = scipy_ks_p_value(float(expected.statistic), (n, m))
    assert exactly == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 3), (5, 4), (2, 6)])
def test_exact_p_counts_all_ways_to_deal_the_values_out(n: int, m: int) -> None:
    """Brute force over all divisions of the n + m ranks."""

    def distance(chosen: tuple[int, ...]) -> float:
        steps = np.full(n + m, -1 / m)
        steps[list(chosen)] = 1 / n
        return float(np.abs(np.cumsum(steps)).max())

    every = np.array([distance(c) for c in itertools.combinations(range(n + m), n)])
    rng = np.random.default_rng(n)
    for _ in range(5):
        ranks = rng.permutation(n + m).astype(float)
        d, p = ks_exact(ranks[:n], ranks[n:])
        assert d == pytest.approx(distance(tuple(int(r) for r in ranks[:n])))
        assert p == pytest.approx(np.mean(every >= d - 1e-9))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 600), st.integers(1, 400))
def test_exact_p_never_falls_back(seed: int, n: int, m: int) -> None:
    """scipy warns where it cannot compute the exact p-value and gives the asymptotic one."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(rng.choice([0, 0.5, 9]), size=m).round(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d, p = ks_exact(a, b)
    assert 0.0 <= d <= 1.0
    assert 0.0 <= p <= 1.0


def test_exact_and_asymptotic_p_meet_where_one_hands_over() -> None:
    """At 500 by 500 and beside it they differ by less than an eighth of the p-value."""
    side = math.isqrt(EXACT_KS_MAX_PRODUCT)
    for m in (side, side - 1):
        for k in range(20, 70, 7):
            a = np.arange(side, dtype=float)
            d, exact = ks_exact(a, np.arange(m) + k + 0.5)
            assert ks_p_value(d, (side, m)).value == pytest.approx(exact, rel=0.12)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(2, 8), st.sampled_from([3, 30, 3000]))
def test_chi_square_is_scipys(seed: int, columns: int, most: int) -> None:
    """scipy ``chi2_contingency`` with its defaults, so with Yates' correction of two by two."""
    table = np.random.default_rng(seed).integers(0, most, (2, columns)).astype(float)
    kept = table[:, table.sum(axis=0) > 0]
    if kept.shape[1] < 2 or not kept.sum(axis=1).all():
        assert np.isnan(chi_square_of_table(table)[:2]).all()
        return
    expected = stats.chi2_contingency(kept)
    statistic, p, freedom = chi_square_of_table(table)
    assert statistic == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12)
    assert p == pytest.approx(expected.pvalue, rel=1e-9)
    assert freedom == expected.dof


@pytest.mark.parametrize(
    "table", [[[5], [7]], [[0, 0], [3, 4]], [[3, 4], [0, 0]], [[0, 0], [0, 0]], [[2, 0], [3, 0]]]
)
def test_chi_square_of_nothing_to_compare_is_undefined(table: list[list[int]]) -> None:
    statistic, p, _ = chi_square_of_table(table)
    assert math.isnan(statistic)
    assert math.isnan(p)


def test_chi_square_far_out_is_not_undefined() -> None:
    _, p, _ = chi_square_of_table([[10**6, 0], [0, 10**6]])
    assert p == 0.0


@given(*[st.integers(0, 12)] * 4)
def test_fishers_p_sums_tables_no_likelier(a: int, b: int, c: int, d: int) -> None:
    """Brute force by binomial coefficients over all tables with the same sums."""
    n, k, every = a + b, a + c, a + b + c + d
    ways = {
        x: math.comb(n, x) * math.comb(every - n, k - x)
        for x in range(max(0, k - (every - n)), min(n, k) + 1)
    }
    expected = sum(way for way in ways.values() if way <= ways[a]) / math.comb(every, k)
    assert fisher_p_value([[a, b], [c, d]]) == pytest.approx(expected)
