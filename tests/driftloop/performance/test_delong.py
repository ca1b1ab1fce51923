"""DeLong's interval against the definition: every positive compared with every negative."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from driftloop.performance.delong import delong_test


def by_definition(y: Any, scores: list[Any]) -> tuple[float, float]:
    """Difference of the areas and its variance from all m n pairs, as DeLong et al. print them."""
    v10, v01 = [], []
    for score in scores:
        above, below = score[y][:, None], score[~y][None, :]
        psi = (above > below) + 0.5 * (above == below)
        v10.append(psi.mean(axis=1))
        v01.append(psi.mean(axis=0))
    s10, s01 = np.cov(v10), np.cov(v01)
    s = s10 / y.sum() + s01 / (~y).sum()
    return float(v10[0].mean() - v10[1].mean()), float(s[0, 0] + s[1, 1] - 2 * s[0, 1])


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(2, 30), st.integers(2, 9))
def test_is_the_definition_with_ties(seed: int, m: int, n: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.r_[np.ones(m, bool), np.zeros(n, bool)])
    scores = [rng.integers(0, steps, m + n) + y * rng.integers(0, 2, m + n) for _ in range(2)]
    difference, variance = by_definition(y, scores)
    found, z, p, low, high = delong_test(y, scores[0], scores[1], 0.9)
    assert found == pytest.approx(difference, abs=1e-12)
    reach = norm.ppf(0.95) * np.sqrt(max(variance, 0))
    assert (low, high) == pytest.approx((difference - reach, difference + reach), abs=1e-6)
    if variance > 1e-9:
        assert z == pytest.approx(difference / np.sqrt(variance), rel=1e-6)
        assert p == pytest.approx(2 * norm.sf(abs(z)))
