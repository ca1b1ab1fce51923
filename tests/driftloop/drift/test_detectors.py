import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from driftloop.drift.detectors import ChiSquare, KolmogorovSmirnov, missing_rate_test
from driftloop.profiling.column_pair import CategoricalPair, NumericPair

SEEDS = st.integers(0, 2**32 - 1)
TABLES = st.tuples(st.integers(2, 300), st.integers(2, 300), st.integers(1, 12))


def test_golden_ks() -> None:
    """{1..5} against {3..7}: D = 0.4, exact p 0.873015873 (scipy ks_2samp, method exact)."""
    result = KolmogorovSmirnov().test(NumericPair.of(np.arange(1.0, 6), np.arange(3.0, 8)))
    assert result.statistic == pytest.approx(0.4, abs=1e-7)
    assert result.p_value == pytest.approx(0.873015873, abs=1e-9)


@pytest.mark.parametrize(
    ("table", "statistic", "p_value"),
    [
        ([[50, 50], [80, 20]], 18.48351648, None),
        ([[500, 300, 200], [450, 330, 220]], 5.0125313283, 0.0815722895),
    ],
)
def test_golden_chi_square(table: list[list[int]], statistic: float, p_value: float | None) -> None:
    """golden.md: Yates' correction at 2x2, none beyond."""
    levels = np.array(["a", "b", "c"][: len(table[0])])
    result = ChiSquare().test(CategoricalPair.of(levels.repeat(table[0]), levels.repeat(table[1])))
    assert result.statistic == pytest.approx(statistic, rel=1e-6)
    if p_value is not None:
        assert result.p_value == pytest.approx(p_value, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(SEEDS, TABLES)
def test_ks_is_scipys_with_ties(seed: int, shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    left = rng.integers(0, shape[2] + 1, shape[0]).astype(float)
    right = rng.integers(0, shape[2] + 2, shape[1]).astype(float)
    expected = ks_2samp(left, right, method="exact")
    result = KolmogorovSmirnov().test(NumericPair.of(left, right))
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert result.p_value == pytest.approx(expected.pvalue, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEEDS, TABLES)
def test_chi_square_is_scipys(seed: int, shape: tuple[int, int, int]) -> None:
    """Categories that only one side holds are part of the table."""
    rng = np.random.default_rng(seed)
    left = rng.integers(0, shape[2], shape[0])
    right = rng.integers(1, shape[2] + 2, shape[1])
    pair = CategoricalPair.of(left.astype(str), right.astype(str))
    if pair.contingency_table.shape[1] < 2:
        return
    expected = chi2_contingency(pair.contingency_table)
    result = ChiSquare().test(pair)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12)
    few = pair.contingency_table.shape[1] == 2 and expected.expected_freq.min() < 5
    p = fisher_exact(pair.contingency_table.astype(int)).pvalue if few else expected.pvalue
    assert result.p_value == pytest.approx(p, abs=1e-12)


def test_one_category_leaves_nothing_to_test() -> None:
    same = np.array(["a"] * 50)
    result = ChiSquare().test(CategoricalPair.of(same, same))
    assert np.isnan(result.statistic)
    assert np.isnan(result.p_value)


def test_false_positive_rate_is_the_level() -> None:
    """Without drift p is about uniform: a 5 % level is exceeded in about 5 % of the runs."""
    rng = np.random.default_rng(5)
    ks, chi2 = KolmogorovSmirnov(), ChiSquare()
    numeric = [ks.test(NumericPair.of(*rng.normal(size=(2, 200)))).p_value for _ in range(150)]
    categorical = [
        chi2.test(CategoricalPair.of(*rng.integers(0, 5, (2, 200)))).p_value for _ in range(150)
    ]
    for p_values in (numeric, categorical):
        assert np.mean(np.array(p_values) <= 0.05) <= 0.12
        assert np.mean(np.array(p_values) <= 0.5) >= 0.3


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_missing_rate_is_pearsons_chi_square(n: int, m: int, data: st.DataObject) -> None:
    """scipy ``chi2_contingency(correction=False)``: z squared is its statistic."""
    missing = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    result = missing_rate_test(missing, (n, m))
    if sum(missing) in (0, n + m):
        assert result.p_value == 1.0
        return
    table = [[missing[0], n - missing[0]], [missing[1], m - missing[1]]]
    expected = chi2_contingency(table, correction=False)
    assert result.statistic**2 == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
    few = expected.expected_freq.min() < 5
    p = fisher_exact(table).pvalue if few else expected.pvalue
    assert result.p_value == pytest.approx(p, rel=1e-6, abs=1e-300)
    rise = missing[1] / m - missing[0] / n
    assert np.sign(result.statistic) == np.sign(rise) or abs(rise) < 1e-12
