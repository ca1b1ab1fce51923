"""alibi-detect's own detectors say the same as those that keep the reference sorted."""

import numpy as np
import pytest

from driftloop.drift.detectors import ChiSquare, KolmogorovSmirnov
from driftloop.profiling.column_pair import CategoricalPair, NumericPair


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3])
def test_ks_is_alibis(shift: float) -> None:
    """alibi-detect answers in 32-bit numbers and with the asymptotic p-value."""
    from alibi_detect.cd import KSDrift

    rng = np.random.default_rng(1)
    left, right = rng.normal(size=1500), rng.normal(shift, 1, 900)
    own = KSDrift(left.reshape(-1, 1)).predict(right.reshape(-1, 1), drift_type="feature")["data"]
    found = KolmogorovSmirnov().test(NumericPair.of(left, right))
    assert found.statistic == pytest.approx(float(own["distance"][0]), rel=1e-6)
    assert found.p_value == pytest.approx(float(own["p_val"][0]), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("levels", [2, 7])
def test_chi_square_is_alibis(levels: int) -> None:
    from alibi_detect.cd import ChiSquareDrift

    rng = np.random.default_rng(2)
    left, right = rng.integers(0, levels, 1200), rng.integers(0, levels, 700)
    detector = ChiSquareDrift(left.reshape(-1, 1))
    own = detector.predict(right.reshape(-1, 1), drift_type="feature")["data"]
    found = ChiSquare().test(CategoricalPair.of(left, right))
    assert found.statistic == pytest.approx(float(own["distance"][0]), rel=1e-6)
    assert found.p_value == pytest.approx(float(own["p_val"][0]), rel=1e-5, abs=1e-6)


def test_engines_give_the_same_numbers() -> None:
    rng = np.random.default_rng(3)
    pair = NumericPair.of(rng.normal(size=3000), rng.normal(0.1, 1, 2000))
    alibi, scipy = (KolmogorovSmirnov(engine=engine).test(pair) for engine in ("alibi", "scipy"))
    assert alibi == scipy
