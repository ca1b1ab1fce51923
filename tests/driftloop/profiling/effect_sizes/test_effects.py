from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from driftloop.profiling.column_pair import CategoricalPair, NumericPair
from driftloop.profiling.effect_sizes.binned import Binned
from driftloop.profiling.effect_sizes.psi import PopulationStability, population_stability_index

PSI = PopulationStability()
SEEDS = st.integers(0, 2**32 - 1)


def of_counts(reference: Any, current: Any) -> float:
    return PSI.size(Binned(reference, current))


def numeric(reference: Any, current: Any, psi: PopulationStability = PSI) -> float:
    return psi.size(NumericPair.of(reference, current, psi.bins).binned)


def categorical(reference: Any, current: Any) -> float:
    return PSI.size(CategoricalPair.of(reference, current).binned)


def counted(reference: Any, current: Any, bins: int) -> Binned:
    return NumericPair.of(reference, current, bins).binned


def test_golden_psi() -> None:
    """golden.md: the five-bin example, 0.0601986403."""
    expected, actual = np.array([0.1, 0.2, 0.4, 0.2, 0.1]), np.array([0.15, 0.25, 0.3, 0.2, 0.1])
    assert population_stability_index(expected, actual) == pytest.approx(0.0601986403, abs=1e-10)
    large = of_counts(expected * 1e7, actual * 1e7)
    assert large == pytest.approx(0.0601986403, abs=1e-4)


def test_psi_is_the_symmetrised_divergence() -> None:
    """Closed form by scipy: KL(a, b) + KL(b, a)."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.dirichlet(np.ones(6), 2)
        both = stats.entropy(a, b) + stats.entropy(b, a)
        assert population_stability_index(a, b) == pytest.approx(both)


@pytest.mark.parametrize("bins", [5, 10])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (200, 200), (500, 500), (5000, 200)])
def test_effect_without_drift_is_the_theory_s_noise(bins: int, n: int, m: int) -> None:
    """golden.md: PSI is about (1/n + 1/m) chi2 with B-1 degrees of freedom.

    So the corrected effect exceeds 0.1 as often as that chi2 exceeds (B-1) + 0.1 / (1/n + 1/m).
    """
    rng, psi = np.random.default_rng(bins + n), PopulationStability(bins=bins)
    drawn = [numeric(rng.normal(size=n), rng.normal(size=m), psi) for _ in range(200)]
    share = stats.chi2.sf(bins - 1 + 0.1 / (1 / n + 1 / m), bins - 1)
    assert np.mean(np.array(drawn) > 0.1) <= share + 0.05
    # an unbiased correction leaves a floored effect above zero in about 40 % of the runs
    assert 0.2 <= np.mean(np.array(drawn) > 0) <= 0.6


@pytest.mark.parametrize(("n", "m"), [(300, 300), (2000, 2000), (20_000, 1000)])
def test_correction_recovers_the_true_effect(n: int, m: int) -> None:
    """The mean over samples is near the divergence of the two distributions themselves."""
    rng, p = np.random.default_rng(n), np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    q = np.array([0.3, 0.2, 0.2, 0.2, 0.1])
    truth = float(((q - p) * np.log(q / p)).sum())
    drawn = [
        of_counts(rng.multinomial(n, p).astype(float), rng.multinomial(m, q).astype(float))
        for _ in range(200)
    ]
    assert np.mean(drawn) == pytest.approx(truth, rel=0.08)


@given(SEEDS, st.integers(2, 30), st.integers(1, 400))
def test_bins_hold_every_value_once(seed: int, bins: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, rng.integers(1, 60), n).astype(float)
    current = rng.normal(10, 30, 50)
    found = counted(reference, current, bins)
    assert found.reference.sum() == n
    assert found.current.sum() == 50
    assert found.reference.min() >= 0
    assert found.current.min() >= 0


def test_bins_of_a_continuous_reference_are_equally_filled() -> None:
    reference = np.random.default_rng(0).normal(size=1000)
    counts = counted(reference, reference, 10).reference
    assert len(counts) == 10
    assert counts.min() >= 99
    assert counts.max() <= 101


@settings(max_examples=50)
@given(SEEDS, st.integers(30, 300))
def test_same_sample_has_no_effect(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).choice([0.0, 1.0, 2.0, 5.5, -3.0], n)
    assert numeric(values, values) == 0.0
    assert categorical(values.astype(str), values.astype(str)) == 0.0


@pytest.mark.parametrize("value", [-1.0, 0.5, 2.0])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_new_value_of_a_discrete_reference_is_seen(value: float, share: float) -> None:
    """Below, between and above the reference's two values."""
    reference = np.array([0.0] * 990 + [1.0] * 10)
    current = reference.copy()
    current[: int(1000 * share)] = value
    assert numeric(reference, current) > 0.1


@pytest.mark.parametrize("value", [6.999, 7.001])
def test_new_value_of_a_constant_reference_is_seen(value: float) -> None:
    assert numeric(np.full(500, 7.0), np.full(500, value)) > 1


@pytest.mark.parametrize("zeros", [0.6, 0.85, 0.95, 0.99])
def test_mostly_zero_reference_that_fills_up_is_seen(zeros: float) -> None:
    """Counts such as failed logins: nearly all zero, with a continuous rest. Half fill up."""
    rng = np.random.default_rng(3)

    def sample(share: float) -> np.ndarray:
        return np.where(rng.random(4000) < share, 0.0, rng.exponential(5, 4000))

    assert numeric(sample(zeros), sample(zeros)) < 0.05
    assert numeric(sample(zeros), sample(zeros - 0.5)) > 0.1


def test_categories_are_compared_by_name() -> None:
    counts = {"a": 500, "b": 300, "c": 200}
    reference = np.array(list(counts)).repeat(list(counts.values()))
    assert categorical(reference, reference[::-1]) == 0.0
    truth = of_counts(np.array([500.0, 300, 200, 0]), np.array([0.0, 300, 200, 500]))
    moved = np.where(reference == "a", "new", reference)
    assert categorical(reference, moved) == pytest.approx(truth)
    assert truth > 1


@pytest.mark.parametrize("levels", [20, 200, 1000])
def test_shift_of_many_categories_is_seen(levels: int) -> None:
    """Merchant or postal codes: half of the rows move to a tenth of the codes; n = m = 1000.

    The noise that is taken off must not exceed the largest effect that could be measured.
    """
    rng = np.random.default_rng(levels)
    reference, same = rng.integers(0, levels, (2, 1000)).astype(str)
    crowd = rng.integers(0, levels // 10, 1000).astype(str)
    assert categorical(reference, same) < 0.1
    assert categorical(reference, np.where(rng.random(1000) < 0.5, crowd, same)) > 0.1
