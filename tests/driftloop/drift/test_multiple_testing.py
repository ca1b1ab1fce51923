import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from driftloop.drift.multiple_testing import Correction, adjust_p_values, rejection_thresholds

METHODS: tuple[Correction, ...] = get_args(Correction)

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


@pytest.mark.parametrize(
    ("method", "name"), [("benjamini-hochberg", "bh"), ("benjamini-yekutieli", "by")]
)
@given(P_VALUES, st.randoms())
def test_is_scipys_in_any_order(
    method: Correction, name: str, p_values: list[float], random: object
) -> None:
    """scipy ``false_discovery_control``."""
    random.shuffle(p_values)  # type: ignore[attr-defined]
    expected = false_discovery_control(p_values, method=name) if p_values else []
    assert adjust_p_values(p_values, method) == pytest.approx(expected)


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    """Brute force over all intersections: Marcus, Peritz & Gabriel, Biometrika 63, 1976.

    A hypothesis is rejected where Bonferroni rejects every intersection that holds it; its
    adjusted p-value is the largest of theirs.
    """
    rng = np.random.default_rng(0)
    for _ in range(40):
        p = rng.beta(0.4, 2, 6)
        subsets = [s for size in range(1, 7) for s in itertools.combinations(range(6), size)]
        expected = [
            max(min(1.0, len(s) * p[list(s)].min()) for s in subsets if i in s) for i in range(6)
        ]
        assert adjust_p_values(p, "holm") == pytest.approx(expected)


def rejected_stepwise(p_values: np.ndarray, cuts: np.ndarray, method: Correction) -> int:
    """How many a step-up or step-down walk along the cut-offs rejects."""
    below = np.sort(p_values) <= cuts
    if method.startswith("benjamini"):
        return int(np.flatnonzero(below).max(initial=-1)) + 1
    if method == "holm":
        return int(np.argmin(np.append(below, False)))
    return int(below.sum())


@pytest.mark.parametrize("method", METHODS)
def test_thresholds_decide_as_adjusted_p_values_do(method: Correction) -> None:
    rng, rejections = np.random.default_rng(1), set()
    for _ in range(300):
        count = int(rng.integers(1, 20))
        p = rng.beta(0.3, 3, count)
        expected = rejected_stepwise(p, rejection_thresholds(0.05, count, method), method)
        assert int((adjust_p_values(p, method) <= 0.05).sum()) == expected
        rejections.add(expected)
    assert len(rejections) > 5


@pytest.mark.parametrize("method", METHODS)
def test_a_rejection_turns_only_at_a_threshold(method: Correction) -> None:
    """Moving a p-value without crossing a cut-off changes no decision of any test."""
    rng = np.random.default_rng(2)
    cuts = np.unique(rejection_thresholds(0.05, 8, method))
    for _ in range(300):
        p = rng.beta(0.4, 4, 8)
        place = np.searchsorted(cuts, p[0])
        low, high = np.concatenate([[0], cuts, [1]])[[place, place + 1]]
        moved = p.copy()
        moved[0] = rng.uniform(low, high)
        assert np.array_equal(
            adjust_p_values(p, method) <= 0.05, adjust_p_values(moved, method) <= 0.05
        )


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("bonferroni", [0.02, 0.02, 0.02]),
        ("holm", [0.02, 0.03, 0.06]),
        ("benjamini-hochberg", [0.02, 0.04, 0.06]),
        ("benjamini-yekutieli", [0.02 / (11 / 6), 0.04 / (11 / 6), 0.06 / (11 / 6)]),
    ],
)
def test_thresholds_by_hand(method: Correction, expected: list[float]) -> None:
    assert rejection_thresholds(0.06, 3, method) == pytest.approx(expected)


@given(P_VALUES, st.integers(1, 5), st.sampled_from(METHODS))
def test_undefined_tests_do_not_count(p_values: list[float], gaps: int, method: Correction) -> None:
    with_gaps = [np.nan] * gaps + p_values
    adjusted = adjust_p_values(with_gaps, method)
    assert np.isnan(adjusted[:gaps]).all()
    assert adjusted[gaps:] == pytest.approx(adjust_p_values(p_values, method))


@given(P_VALUES)
def test_order_of_strictness(p_values: list[float]) -> None:
    """Bonferroni, Holm, Benjamini-Hochberg; Benjamini-Yekutieli is stricter than the latter."""
    strict, holm, lenient, any_dependence = (
        adjust_p_values(p_values, method)
        for method in ("bonferroni", "holm", "benjamini-hochberg", "benjamini-yekutieli")
    )
    assert np.all(strict >= holm - 1e-12)
    assert np.all(holm >= lenient - 1e-12)
    assert np.all(any_dependence >= lenient - 1e-12)
    assert np.all(lenient >= np.array(p_values) - 1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_adjust(method: Correction) -> None:
    assert adjust_p_values([], method).size == 0
    assert np.isnan(adjust_p_values([np.nan], method)).all()
    assert rejection_thresholds(0.05, 0, method).size == 0
