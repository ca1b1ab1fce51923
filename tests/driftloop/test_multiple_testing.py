import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from driftloop.multiple_testing import Correction, adjust

BH_1995 = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]
P_VALUES = st.lists(st.floats(0, 1), max_size=30)


@pytest.mark.parametrize(("method", "rejected"), [("benjamini-hochberg", 4), ("bonferroni", 3)])
def test_golden_rejections(method: Correction, rejected: int) -> None:
    """golden.md: the 15 p-values of Benjamini & Hochberg 1995 at 0.05."""
    assert int((adjust(BH_1995, method) <= 0.05).sum()) == rejected


def test_golden_adjusted_values() -> None:
    """golden.md: BH-adjusted begin .0015 .003 .0095 .035625 .0603."""
    adjusted = adjust(BH_1995, "benjamini-hochberg")
    assert adjusted[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])


@given(P_VALUES, st.randoms())
def test_is_scipys_in_any_order(p_values: list[float], random: object) -> None:
    """scipy ``false_discovery_control``."""
    random.shuffle(p_values)  # type: ignore[attr-defined]
    expected = false_discovery_control(p_values) if p_values else []
    assert adjust(p_values, "benjamini-hochberg") == pytest.approx(expected)


@given(P_VALUES, st.integers(1, 5), st.sampled_from(["benjamini-hochberg", "bonferroni"]))
def test_undefined_tests_do_not_count(p_values: list[float], gaps: int, method: Correction) -> None:
    with_gaps = [np.nan] * gaps + p_values
    adjusted = adjust(with_gaps, method)
    assert np.isnan(adjusted[:gaps]).all()
    assert adjusted[gaps:] == pytest.approx(adjust(p_values, method))


@given(P_VALUES)
def test_bonferroni_is_never_more_lenient(p_values: list[float]) -> None:
    strict, lenient = adjust(p_values, "bonferroni"), adjust(p_values, "benjamini-hochberg")
    assert np.all(strict >= lenient - 1e-12)
    assert np.all(lenient >= np.array(p_values) - 1e-12)


def test_nothing_to_adjust() -> None:
    assert adjust([], "benjamini-hochberg").size == 0
    assert np.isnan(adjust([np.nan], "benjamini-hochberg")).all()
