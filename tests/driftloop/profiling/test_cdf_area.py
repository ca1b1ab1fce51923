"""The area between the distribution functions, against scipy's from the samples themselves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from driftloop.profiling import column_pair as pairs
from driftloop.profiling.column_pair import NumericPair
from driftloop.profiling.effect_sizes.wasserstein import NormalisedWasserstein, area_between

Draw = Callable[[Any, int], Any]
CASES: dict[str, tuple[Draw, Draw]] = {
    "constant": (lambda _, n: np.full(n, 7.0), lambda _, n: np.full(n, 6.0)),
    "binary": (lambda g, n: (g.random(n) < 0.3) * 1.0, lambda g, n: (g.random(n) < 0.6) * 1.0),
    "below": (lambda g, n: g.normal(size=n), lambda _, n: np.full(n, -5.0)),
    "above": (lambda g, n: g.normal(size=n), lambda _, n: np.full(n, 5.0)),
    "within": (lambda g, n: g.normal(size=n), lambda _, n: np.full(n, 0.01)),
    "moved": (lambda g, n: g.normal(size=n), lambda g, n: g.normal(0.3, 1, n)),
    "long tail": (lambda g, n: g.lognormal(0, 1, n), lambda g, n: g.lognormal(0.3, 1, n)),
    "mostly zero": (
        lambda g, n: np.where(g.random(n) < 0.9, 0, g.exponential(1, n)),
        lambda g, n: np.where(g.random(n) < 0.6, 0, g.exponential(1, n)),
    ),
}


@pytest.mark.parametrize("compiled_from", [1, 10**9], ids=["counted", "sorted"])
@pytest.mark.parametrize("case", CASES)
def test_area_is_scipys(case: str, compiled_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "COMPILED_MIN_ROWS", compiled_from)
    rng = np.random.default_rng(4)
    left, right = (draw(rng, 20_000) for draw in CASES[case])
    binned = NumericPair.of(left, right).binned
    assert binned.cdfs is not None
    cdfs = binned.cdfs()
    assert np.all(np.diff(cdfs.points) > 0)
    assert area_between(cdfs) == pytest.approx(wasserstein_distance(left, right), rel=0.03)


@pytest.mark.parametrize("unit", [2.0**1015, 2.0**-1000, 2.0**-30])
def test_the_size_does_not_depend_on_the_unit(unit: float) -> None:
    """Also where squares of the values are beyond the range of floats."""
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=500), rng.normal(0.4, 1, 400)
    size = NormalisedWasserstein().size(NumericPair.of(before, after).binned)
    scaled = NumericPair.of(before * unit, after * unit)
    assert NormalisedWasserstein().size(scaled.binned) == pytest.approx(size)
