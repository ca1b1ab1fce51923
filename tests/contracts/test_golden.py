"""Published figures, and figures computed twice by independent code.

Each test names the source and the formula.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import special, stats

from driftloop.drift.multiple_testing import Correction, adjust_p_values, rejection_thresholds
from driftloop.drift.pvalues import (
    EXACT_KS_MAX_PRODUCT,
    chi_square_of_table,
    ks_exact,
    ks_p_value,
    scipy_ks_p_value,
    vrbik_error,
)
from driftloop.performance.estimates.confidence_based import expected_score
from driftloop.performance.metrics import MetricName
from driftloop.profiling.column_pair import NumericPair
from driftloop.profiling.effect_sizes.binned import Binned
from driftloop.profiling.effect_sizes.jensen_shannon import JensenShannon, divergence
from driftloop.profiling.effect_sizes.psi import PopulationStability, population_stability_index

MILLION = (10**6, 10**6)
ELEC2 = Path(__file__).parents[1] / "fixtures" / "elec2_counts.csv.xz"
SHARES = np.array([0.1, 0.2, 0.4, 0.2, 0.1]), np.array([0.15, 0.25, 0.3, 0.2, 0.1])
BH_1995 = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_ks_of_two_samples_of_five() -> None:
    """scipy ``ks_2samp`` of 1..5 and 3..7: exact, and ``kstwo.sf(0.4, round(25 / 10))``."""
    one, other = np.arange(1.0, 6), np.arange(3.0, 8)
    statistic, p = ks_exact(one, other)
    assert statistic == pytest.approx(0.4, abs=1e-12)
    assert p == pytest.approx(0.873015873, abs=1e-9)
    assert NumericPair.of(one, other).distance == pytest.approx(0.4, abs=1e-12)
    assert ks_p_value(0.4, (5, 5)).value == pytest.approx(0.82, abs=1e-9)
    limit = special.kolmogorov(0.4 * math.sqrt(2.5))
    assert limit == pytest.approx(0.818621174, abs=1e-9), "the older kstwobign, which we do not use"


@pytest.mark.parametrize(("critical", "level"), [(0.00192031, 0.05), (0.00258513, 0.05 / 20)])
def test_critical_ks_distance_at_a_million_rows(critical: float, level: float) -> None:
    """The distance whose p-value is the level: ``kstwo.isf(level, n / 2)``."""
    assert ks_p_value(critical, MILLION).value == pytest.approx(level, rel=2e-5)
    assert scipy_ks_p_value(critical, MILLION) == pytest.approx(level, rel=2e-5)


def test_ks_distances_of_the_electricity_market() -> None:
    """Elec2, first against second 17,424 rows: D = sup |F - G|."""
    counts = pd.read_csv(ELEC2)
    expected = {
        "vicprice": 0.841024,
        "transfer": 0.781049,
        "nswprice": 0.667355,
        "vicdemand": 0.559458,
        "nswdemand": 0.101182,
        "day": 0.002755,
        "period": 0.0,
    }
    distances = {}
    for name, column in counts.groupby("column"):
        first, second = (column["value"].repeat(column[half]) for half in ("first", "second"))
        assert len(first) == len(second) == 17_424
        distances[name] = NumericPair.of(first.to_numpy(), second.to_numpy()).distance
    assert distances == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("n", "far", "near"), [(5_000, 1.4e-2, 4.9e-4), (50_000, 1.4e-3, 4.9e-5)])
def test_error_of_the_corrected_limit_distribution(n: int, far: float, near: float) -> None:
    """Vrbik 2018: p ~ K(z + 1/(6 sqrt n) + (z-1)/(4n)); largest relative error for p > 1e-12.

    And for z below 2, on a grid that ends at 1.9. Both errors grow like z^4 / n.
    """

    def error(z: float) -> float:
        corrected = z + 1 / (6 * math.sqrt(n)) + (z - 1) / (4 * n)
        return abs(special.kolmogorov(corrected) / stats.kstwo.sf(z / math.sqrt(n), n) - 1)

    last = math.sqrt(math.log(2e12) / 2)
    for stop, largest in ((last, far), (1.9, near)):
        found = [error(z) for z in np.linspace(stop / 8, stop, 8)]
        assert max(found) == pytest.approx(largest, rel=0.1)
        assert found[-1] < vrbik_error(stop, n) < 4 * largest


def test_chi_square_of_small_tables() -> None:
    """Pearson's chi-square, with Yates' |O - E| - 1/2 at two by two, as scipy's default."""
    two = [[50, 50], [80, 20]]
    assert chi_square_of_table(two)[0] == pytest.approx(18.48351648, abs=1e-8)
    third = np.column_stack([two, [1e-12, 1e-12]])
    assert chi_square_of_table(third)[0] == pytest.approx(19.78021978, abs=1e-8), "without Yates"
    statistic, p, freedom = chi_square_of_table([[500, 300, 200], [450, 330, 220]])
    assert statistic == pytest.approx(5.0125313283, abs=1e-10)
    assert p == pytest.approx(0.0815722895, abs=1e-10)
    assert freedom == 2


@pytest.mark.parametrize(
    ("feature", "categories", "statistic", "p"),
    [
        ("workclass", 9, 8.486513275, 0.3874434489),
        ("education", 7, 4.752931817, 0.5758693206),
        ("marital status", 4, 3.159944156, 0.3676162489),
        ("occupation", 9, 8.194136565, 0.4147398648),
        ("relationship", 6, 0.484585242, 0.9926768495),
        ("race", 5, 0.5865230919, 0.96454944),
        ("sex", 2, 0.2168905514, 0.6414194447),
        ("country", 11, 9.991032825, 0.4412803608),
    ],
)
def test_p_values_of_alibi_detect_on_adult(
    feature: str, categories: int, statistic: float, p: float
) -> None:
    """alibi-detect's documentation of TabularDrift (cd_chi2ks_adult), 10,000 rows each.

    The number of categories is the one whose degrees of freedom give the p-value printed there.
    Its tables are not printed. This one has the printed statistic: of k categories with c rows in
    each window, e rows move from the last to the first, and chi-square is 4 e^2 / c, or with Yates'
    correction 4 (e - 1/2)^2 / c.
    """
    each = 10_000 / categories
    moved = math.sqrt(statistic * each / 4) + (0.5 if categories == 2 else 0.0)
    step = np.zeros(categories)
    step[[0, -1]] = moved, -moved
    found = chi_square_of_table([each + step, each - step])
    assert found[0] == pytest.approx(statistic, rel=1e-9), feature
    assert found[1] == pytest.approx(p, abs=1e-8)
    assert found[2] == categories - 1


def test_p_value_of_alibi_detect_on_age() -> None:
    """The same page: KS distance 0.0116 of age at 10,000 rows each is no drift.

    Independent: the limit distribution Q(z) = 2 sum (-1)^(k-1) exp(-2 k^2 z^2).
    """
    z = 0.0116 * math.sqrt(5000)
    limit = 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * z * z) for k in range(1, 20))
    assert ks_p_value(0.0116, (10_000, 10_000)).value == pytest.approx(limit, rel=0.01)


def test_psi_and_jensen_shannon_of_five_bins() -> None:
    """PSI = sum (q-p) ln(q/p); Jensen-Shannon distance in base 2, the root of the divergence."""
    assert population_stability_index(*SHARES) == pytest.approx(0.0601986403, abs=1e-10)
    bits = divergence(*SHARES) / math.log(2)
    assert math.sqrt(bits) == pytest.approx(0.1039673729, abs=1e-10)
    large = Binned(SHARES[0] * 1e12, SHARES[1] * 1e12)
    assert PopulationStability().size(large) == pytest.approx(0.0601986403, abs=1e-9)
    assert JensenShannon().size(large) == pytest.approx(0.1039673729, abs=1e-9)


@pytest.mark.parametrize(("rows", "chance"), [(100, 0.83), (200, 0.35), (500, 0.003)])
def test_chance_of_a_large_psi_without_drift(rows: int, chance: float) -> None:
    """PSI ~ (1/n + 1/m) chi2 with B-1 degrees of freedom; B = 10, chance of more than 0.1.

    By closed form and by Monte Carlo of the raw PSI; the corrected one exceeds 0.1 far less.
    """
    assert stats.chi2.sf(0.1 / (2 / rows), 9) == pytest.approx(chance, abs=0.005)
    rng = np.random.default_rng(rows)
    drawn = rng.multinomial(rows, np.full(10, 0.1), (2, 3000)).astype(float)
    samples = [Binned(one, other) for one, other in zip(*drawn, strict=True)]
    raw = [population_stability_index(*sample.shares(0.5)) for sample in samples]
    assert np.mean(np.array(raw) > 0.1) == pytest.approx(chance, abs=0.06)
    corrected = np.mean([PopulationStability().size(sample) > 0.1 for sample in samples])
    assert corrected == pytest.approx(stats.chi2.sf(9 + 0.1 / (2 / rows), 9), abs=0.03)


@pytest.mark.parametrize(
    ("method", "rejected"),
    [("bonferroni", 3), ("holm", 3), ("benjamini-hochberg", 4), ("benjamini-yekutieli", 3)],
)
def test_rejections_of_benjamini_and_hochberg(method: Correction, rejected: int) -> None:
    """Benjamini & Hochberg 1995, section 3: 15 p-values at 0.05.

    Found by the adjusted p-values and, independently, by walking along the cut-offs.
    """
    assert int((adjust_p_values(BH_1995, method) <= 0.05).sum()) == rejected
    below = np.array(BH_1995) <= rejection_thresholds(0.05, 15, method)
    up = int(np.flatnonzero(below).max()) + 1
    down = int(np.argmin(below))
    assert (up if method.startswith("benjamini") else down) == rejected


def test_adjusted_p_values_of_benjamini_and_hochberg() -> None:
    """p_(i) m / i, made monotone from the largest down."""
    adjusted = adjust_p_values(BH_1995, "benjamini-hochberg")
    assert adjusted[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])


def ks_p_values(rng: np.random.Generator, rows: int, shift: float, runs: int) -> list[float]:
    """KS p-values of shifted normal samples, with the rule by which driftloop picks exact ones."""
    found: list[float] = []
    for _ in range(runs):
        one, other = rng.normal(size=rows), rng.normal(shift, size=rows)
        if rows * rows <= EXACT_KS_MAX_PRODUCT:
            found.append(ks_exact(one, other)[1])
        else:
            found.append(ks_p_value(NumericPair.of(one, other).distance, (rows, rows)).value)
    return found


@pytest.mark.parametrize(
    ("rows", "shift", "power", "runs"),
    [
        (100, 0.5, 0.47, 600),
        (500, 0.1, 0.047, 600),
        (500, 0.2, 0.38, 600),
        (1000, 0.1, 0.115, 600),
        (1000, 0.2, 0.75, 600),
        (500, 0.5, 1.0, 50),
        (10_000, 0.1, 1.0, 20),
    ],
)
def test_power_of_ks_with_bonferroni(rows: int, shift: float, power: float, runs: int) -> None:
    """Twenty features, one shifted by a part of its standard deviation: p <= 0.05 / 20."""
    p_values = np.array(ks_p_values(np.random.default_rng(rows), rows, shift, runs))
    found = float(np.mean(p_values <= rejection_thresholds(0.05, 20, "bonferroni")[0]))
    assert found == pytest.approx(power, abs=0.06 if 0.3 < power < 0.9 else 0.03)


def five() -> npt.NDArray[np.float64]:
    positive = np.array([0.9, 0.8, 0.3, 0.6, 0.1])
    return np.column_stack([1 - positive, positive])


@pytest.mark.parametrize(
    ("metric", "expected"), [("accuracy", 0.78), ("f1", 0.807018), ("roc_auc", 0.8381642512)]
)
def test_performance_estimated_without_labels(metric: MetricName, expected: float) -> None:
    """Confidence-based estimation: each row counts for each class with its probability.

    p = (.9, .8, .3, .6, .1), called positive from .5: TP 2.3, FP 0.7, FN 0.4, TN 1.6.
    """
    assert expected_score(metric, five(), five()) == pytest.approx(expected, abs=5e-7)
