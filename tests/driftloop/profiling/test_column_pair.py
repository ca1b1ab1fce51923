"""The counted path gives what sorting gives, ties, heavy tails and constants included."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from driftloop.profiling import binning as grid
from driftloop.profiling import column_pair as pairs
from driftloop.profiling.column_pair import NumericPair

SHAPES = (
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.lognormal(0, 2, n),
    lambda rng, n: rng.integers(0, 5, n).astype(float),
    lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.exponential(1, n)),
    lambda rng, n: np.full(n, 3.0),
    lambda rng, n: rng.standard_cauchy(n) * 1e200,
    lambda rng, n: np.round(rng.normal(size=n), 1),
    lambda rng, n: rng.normal(1e6, 1e-3, n),
)


@pytest.mark.parametrize("compiled_from", [1, 10**9], ids=["counted", "sorted"])
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    shapes=st.tuples(*[st.integers(0, len(SHAPES) - 1)] * 2),
)
def test_pair_is_what_sorting_gives(
    compiled_from: int, seed: int, sizes: tuple[int, int], shapes: tuple[int, int]
) -> None:
    rng: Any = np.random.default_rng(seed)
    left, right = (SHAPES[shape](rng, n) for shape, n in zip(shapes, sizes, strict=True))
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        patch.setattr(pairs, "COMPILED_MIN_ROWS", compiled_from)
        patch.setattr(grid, "COMPILED_MIN_ROWS", compiled_from)
        pair = NumericPair.of(left, right)
        expected = ks_2samp(left, right, method="asymp").statistic
        assert pair.distance == pytest.approx(expected, abs=1e-12)
        quartiles = np.quantile(right, [0.25, 0.5, 0.75])
        np.testing.assert_allclose(pair.quartiles, quartiles, rtol=1e-12)
        low, high = np.quantile(left, [0.05, 0.95])
        beyond = float((right < low).mean()), float((right > high).mean())
        assert pair.outside_tails == pytest.approx(beyond, abs=1e-12)


def test_values_beyond_the_range_are_counted_in_large_windows_too() -> None:
    before, after = np.linspace(0, 1, 1000), np.linspace(-0.25, 1.25, 300_000)
    pair = NumericPair.of(before, after)
    assert pair.beyond_range == ((after < 0).sum(), (after > 1).sum())
    assert pair.values_beyond_range[1].sum() == sum(pair.beyond_range)


def test_a_pair_is_gone_with_its_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of columns would otherwise wait in memory for a collection of cycles."""
    monkeypatch.setattr(pairs, "COMPILED_MIN_ROWS", 1)
    rng = np.random.default_rng(0)
    pair = NumericPair.of(rng.normal(size=500), rng.normal(size=500))
    assert pair.distance < 0.2
    assert pair.shape("x").name == "x"
    assert pair.binned.cdfs is not None
    gone = weakref.ref(pair)
    gc.disable()
    try:
        del pair
        assert gone() is None
    finally:
        gc.enable()
