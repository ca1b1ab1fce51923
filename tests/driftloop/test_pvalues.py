import numpy as np
import pytest
from scipy.stats import kstwo

from driftloop.pvalues import ks_p_value, pelz_good, vrbik_error


@pytest.mark.parametrize("size", [1500, 7000, 40_000, 300_000])
def test_ks_p_value_is_scipys(size: int) -> None:
    """To a millionth, and within the relative error that is promised, on another grid."""
    for z in np.linspace(0.07, 7.3, 24):
        expected = kstwo.sf(z / size**0.5, size)
        found = ks_p_value(z / size**0.5, (2 * size, 2 * size))
        assert found.value == pytest.approx(expected, abs=1e-6)
        if found.relative_error:
            assert abs(found.value - expected) <= found.relative_error * expected


def test_relative_error_shrinks_with_the_sample_and_grows_with_the_distance() -> None:
    assert vrbik_error(2.0, 1000) > vrbik_error(2.0, 100_000) > 0
    assert vrbik_error(3.0, 1000) > vrbik_error(2.0, 1000)


@pytest.mark.parametrize("size", [1000, 20_000])
def test_series_is_scipys_distribution(size: int) -> None:
    for z in np.linspace(0.1, 1.48, 15):
        assert pelz_good(z, size) == pytest.approx(kstwo.sf(z / size**0.5, size), abs=1e-7)


@pytest.mark.parametrize(("level", "critical"), [(0.05, 0.00192031), (0.0025, 0.00258513)])
def test_golden_critical_distance_of_a_million_rows(level: float, critical: float) -> None:
    """golden.md: n = m = 10^6, critical D at 0.05 and at 0.05 / 20."""
    assert ks_p_value(critical, (10**6, 10**6)).value == pytest.approx(level, rel=1e-4)
