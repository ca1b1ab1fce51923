"""The rows that drift tests need, against simulated windows tested by scipy."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import kolmogi, kolmogorov
from scipy.stats import chi2_contingency, ks_2samp

from driftloop.drift.power import POWER, SHIFT, ks_power, rows_for_chi_square, rows_for_ks
from driftloop.drift.settings import DriftSettings

WEEKLY = DriftSettings().level_of_run(365.25 / 7)
TURNS = 600
ERROR = 4 * math.sqrt(POWER * (1 - POWER) / TURNS)
"""Four standard errors of a share of the simulated windows."""


def ks_found(rows: int, reference: int, level: float) -> float:
    rng, found = np.random.default_rng(rows), 0
    for _ in range(TURNS):
        sides: Any = rng.normal(size=reference), rng.normal(SHIFT, 1, rows)
        found += ks_2samp(*sides, method="asymp").pvalue <= level
    return found / TURNS


@pytest.mark.parametrize(
    ("level", "reference"),
    [(0.05, 2000), (WEEKLY, 400), (WEEKLY, 2000), (WEEKLY / 20, 2000), (WEEKLY / 200, 1000)],
)
def test_ks_finds_the_shift_in_so_many_rows_and_in_fewer_less_often(
    level: float, reference: int
) -> None:
    rows = int(rows_for_ks(level, reference))
    assert ks_found(rows, reference, level) == pytest.approx(POWER, abs=ERROR)
    assert ks_found(int(0.7 * rows), reference, level) < POWER - ERROR


@pytest.mark.parametrize("level", [0.05, 0.001])
def test_without_a_shift_the_power_is_half_of_the_level(level: float) -> None:
    """Of one side alone: the chance of coming above the critical value is exp(-2 c²)."""
    critical = float(kolmogi(level))
    assert kolmogorov(critical) == pytest.approx(level)
    assert ks_power(0.0, critical) == pytest.approx(math.exp(-2 * critical**2), rel=1e-4)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.6, 0.3, 0.1), (0.4, 0.2, 0.2, 0.1, 0.1)])
@pytest.mark.parametrize("level", [WEEKLY, WEEKLY / 20])
def test_chi_square_finds_a_commonest_category_that_became_rarer(
    shares: tuple[float, ...], level: float
) -> None:
    moved, before = 0.1974, np.array(shares)
    now = before * (1 + moved / (1 - before[0]))
    now[0] = before[0] - moved
    rng = np.random.default_rng(3)

    def found(rows: int) -> float:
        tables = (
            np.vstack([rng.multinomial(5000, before), rng.multinomial(rows, now)])
            for _ in range(TURNS)
        )
        return float(
            np.mean([chi2_contingency(one, correction=False)[1] <= level for one in tables])
        )

    rows = int(rows_for_chi_square(level, 5000, shares))
    assert found(rows) > POWER - ERROR
    assert found(rows // 2) < POWER - ERROR


def test_what_has_no_commonest_category_or_no_reference_needs_no_rows_or_all() -> None:
    assert rows_for_chi_square(0.01, 5000, [0.01] * 100) == 0
    assert rows_for_chi_square(0.01, 5000, [1.0]) == 0
    rare = [0.5, *[0.005] * 100]
    assert rows_for_chi_square(0.01, 5000, rare) == rows_for_chi_square(0.01, 5000, [0.5, 0.5])
    assert rows_for_ks(0.01, 60) == math.inf


def test_the_default_is_what_its_description_says() -> None:
    """100 rows for weekly runs of up to 12 features."""
    assert rows_for_ks(WEEKLY / 12, 10**7) <= DriftSettings().minimum_rows
    assert rows_for_ks(WEEKLY / 16, 10**7) > DriftSettings().minimum_rows
