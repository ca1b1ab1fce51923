import math

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from driftloop.base.errors import DataError
from driftloop.drift.domain_classifier import VARIANCE_INFLATION, DomainClassifier, mann_whitney_p
from driftloop.performance.delong import auc_variance, delong_test, placements

Floats = npt.NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
CLASSIFIER = DomainClassifier()


def scored(seed: int, ties: bool = True) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Labels and two correlated scores."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(6, 60))
    y = np.append([0, 0, 1, 1], rng.integers(0, 2, rows))
    first = y + rng.normal(size=len(y))
    second = y * 0.5 + 0.5 * first + rng.normal(size=len(y))
    return (y, first.round(0), second.round(0)) if ties else (y, first, second)


def pairs(y: npt.NDArray[np.int64], score: Floats) -> Floats:
    """The kernel of every positive (down) against every negative (across): 1, 1/2 or 0."""
    positives, negatives = score[y == 1][:, None], score[y == 0]
    return (positives > negatives) + 0.5 * (positives == negatives)


@given(SEEDS, st.booleans())
def test_placements_count_pairs(seed: int, ties: bool) -> None:
    """Brute force over all pairs, and scipy ``mannwhitneyu`` for the area."""
    y, score, _ = scored(seed, ties)
    kernel = pairs(y, score)
    wins, losses = placements(y, score)
    assert wins == pytest.approx(kernel.mean(axis=1))
    assert losses == pytest.approx(kernel.mean(axis=0))
    u = stats.mannwhitneyu(score[y == 1], score[y == 0]).statistic
    assert auc_variance(y, score)[0] == pytest.approx(u / kernel.size)


@given(SEEDS, st.booleans())
def test_delong_is_the_formula_over_pairs(seed: int, ties: bool) -> None:
    """golden.md: Z = (A1-A2) / sqrt(S11 + S22 - 2 S12), S = cov(V10)/m + cov(V01)/n."""
    y, *both = scored(seed, ties)
    kernels = [pairs(y, score) for score in both]
    m, n = kernels[0].shape
    v10 = np.cov([kernel.mean(axis=1) for kernel in kernels])
    v01 = np.cov([kernel.mean(axis=0) for kernel in kernels])
    s = v10 / m + v01 / n
    assert auc_variance(y, both[0])[1] == pytest.approx(s[0, 0], abs=1e-12)
    variance = s[0, 0] + s[1, 1] - 2 * s[0, 1]
    difference, z, p, low, high = delong_test(y, both[0], both[1], 0.9)
    assert difference == pytest.approx(kernels[0].mean() - kernels[1].mean())
    if variance < 1e-12:
        return
    assert z == pytest.approx(difference / math.sqrt(variance))
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)))
    reach = stats.norm.ppf(0.95) * math.sqrt(variance)
    assert (low, high) == pytest.approx((difference - reach, difference + reach))


def test_variance_of_a_difference_is_the_bootstraps() -> None:
    """Efron & Tibshirani: 1,000 resamples within each class, standard error within a tenth."""
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], [200, 150])
    first = y + rng.normal(size=350)
    second = 0.3 * y + 0.6 * first + rng.normal(size=350)
    drawn = []
    for _ in range(1000):
        rows = np.concatenate([rng.integers(0, 200, 200), rng.integers(200, 350, 150)])
        drawn.append(pairs(y, first[rows]).mean() - pairs(y, second[rows]).mean())
    difference, z, *_ = delong_test(y, first, second)
    assert difference / z == pytest.approx(np.std(drawn), rel=0.1)


def test_scores_without_doubt() -> None:
    y = np.array([0, 0, 1, 1])
    same = delong_test(y, [1, 2, 3, 4], [1, 2, 3, 9])
    assert same[:3] == (0.0, 0.0, 1.0)
    difference, z, p, *_ = delong_test(y, [1, 1, 2, 2], [2, 2, 1, 1])
    assert difference == 1.0
    assert math.isnan(z)
    assert math.isnan(p)
    area, variance = auc_variance([0, 0, 1], [1, 2, 3])
    assert area == 1.0
    assert math.isnan(variance)


@given(SEEDS, st.booleans())
def test_p_value_is_mann_whitneys(seed: int, ties: bool) -> None:
    """scipy ``mannwhitneyu``, asymptotic, without continuity correction, one-sided."""
    y, score, _ = scored(seed, ties)
    expected = stats.mannwhitneyu(
        score[y == 1],
        score[y == 0],
        alternative="greater",
        method="asymptotic",
        use_continuity=False,
    )
    area = auc_variance(y, score)[0]
    assert mann_whitney_p(area, y, score) == pytest.approx(expected.pvalue, nan_ok=True)
    z, doubled = stats.norm.isf(expected.pvalue), mann_whitney_p(area, y, score, VARIANCE_INFLATION)
    assert doubled == pytest.approx(stats.norm.sf(z / math.sqrt(2)))


def test_scores_all_equal_tell_nothing() -> None:
    assert mann_whitney_p(0.5, np.array([0, 1, 1]), np.zeros(3)) == 1.0


def plain(seed: int, rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": rng.normal(size=rows),
            "b": rng.exponential(size=rows),
            "c": rng.choice(np.array(["x", "y", None], dtype=object), rows),
        }
    )


def correlated(seed: int, rows: int, sign: float) -> pd.DataFrame:
    """Standard normal numbers of correlation 0.8 times the sign, and one that stands apart."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, rows))
    return pd.DataFrame({"a": a, "b": sign * 0.8 * a + 0.6 * b, "noise": c})


def test_windows_alike_are_not_told_apart() -> None:
    """Ten pairs of windows; with 5 % each, three or more fall below 0.05 in 1.2 % of such tens."""
    found = [
        DomainClassifier(seed=seed, folds=3).test(plain(seed, 200), plain(seed + 100, 200))
        for seed in range(10)
    ]
    p_values = np.array([one.p_value for one in found])
    assert (p_values < 0.05).sum() <= 2
    assert p_values.min() > 0.002
    assert 0.2 < p_values.mean() < 0.8
    assert abs(np.mean([one.auc for one in found]) - 0.5) < 0.03
    assert all(one.low <= one.auc <= one.high for one in found)
    assert all((one.features == ()) == (one.low <= 0.5) for one in found)


def test_change_of_dependence_alone_is_found_and_named() -> None:
    """Every feature keeps its distribution; the correlation turns from 0.8 to -0.8.

    The best possible area is that of the likelihood ratio, whose logarithm is proportional to
    -a b: its area is computed here by scipy from 20,000 rows of each window.
    """
    many = [correlated(seed, 20_000, sign) for seed, sign in ((1, 1.0), (2, -1.0))]
    u = stats.mannwhitneyu(*(-(one["a"] * one["b"]) for one in reversed(many))).statistic
    best = u / 20_000**2
    before, after = correlated(3, 1500, 1.0), correlated(4, 1500, -1.0)
    for name in before:
        assert stats.ks_2samp(before[name], after[name]).pvalue > 0.01
    found = CLASSIFIER.test(before, after)
    assert best - 0.05 < found.auc < best + 0.02
    assert 0.5 < found.low < found.auc < found.high < 1
    assert found.p_value < 1e-12
    assert {name for name, _ in found.features} == {"a", "b"}
    assert found.rows == (1500, 1500)


def test_most_telling_feature_comes_first() -> None:
    before, after = plain(5, 800), plain(6, 800)
    after["b"] += 3.0
    after["a"] += 0.3
    found = CLASSIFIER.test(before, after)
    assert found.auc > 0.95
    assert found.features[0][0] == "b"
    drops = [drop for _, drop in found.features]
    assert drops == sorted(drops, reverse=True)
    assert "c" not in dict(found.features)


def test_gaps_and_new_categories_and_infinities() -> None:
    """Whatever a column holds there is an answer, and what has changed is named."""
    before, after = plain(7, 400), plain(8, 400)
    before["empty"], after["empty"] = np.nan, np.nan
    before["nothing"], after["nothing"] = None, None
    after["c"] = np.where(np.arange(400) % 2 == 0, "new", after["c"])
    after.loc[::3, "a"] = np.nan
    after.loc[::7, "b"] = np.inf
    before["mixed"], after["mixed"] = 1.0, "1"
    found = CLASSIFIER.test(before, after)
    assert found.auc > 0.8
    assert "c" in dict(found.features)
    assert dict(found.features).keys() <= {"a", "b", "c"}


def test_large_windows_are_sampled_and_seeded() -> None:
    before, after = plain(9, 900), plain(10, 120)
    few = DomainClassifier(rows=150, folds=2)
    found = few.test(before, after)
    assert found.rows == (150, 120)
    assert few.test(before, after) == found
    assert DomainClassifier(rows=150, folds=2, seed=1).test(before, after).auc != found.auc


def test_tables_of_which_nothing_can_be_told() -> None:
    rows = plain(11, 200)
    for before, after, said in (
        (rows, rows[:49], "the current window has 49 rows; the domain classifier needs 50"),
        (rows[:0], rows, "the reference has 0 rows; the domain classifier needs 50"),
        (rows, rows[["a"]], "the current window lacks columns of the reference: b, c"),
        (rows[[]], rows[[]], "the domain classifier needs at least one feature"),
    ):
        with pytest.raises(DataError) as caught:
            CLASSIFIER.test(before, after)
        assert str(caught.value) == said


def test_constant_tables_are_not_told_apart() -> None:
    rows = pd.DataFrame({"a": np.zeros(60), "c": ["x"] * 60})
    found = CLASSIFIER.test(rows, rows)
    assert found.auc == 0.5
    assert found.p_value == 1.0
    assert found.features == ()
