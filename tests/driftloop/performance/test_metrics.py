import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from driftloop.performance.metrics import (
    METRICS,
    MetricName,
    resamples,
    score,
    score_with_interval,
    valid_metrics,
)
from tests.driftloop.cases import probabilities

CLASSIFIERS = valid_metrics("binary")
SEEDS = st.integers(0, 2**32 - 1)
BINARY = st.tuples(SEEDS, st.integers(2, 120), st.integers(1, 20))


def drawn(seed: int, n: int, steps: int) -> tuple[Any, Any, Any]:
    """Labels with both classes, tied scores, and how often each row occurs in a resample."""
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    positive = rng.integers(0, steps + 1, n) / steps
    counts = rng.integers(0, 4, n)
    counts[:2] = np.maximum(counts[:2], 1)
    return y, positive * 0.98 + 0.011, counts.astype(float)


def by_sklearn(metric: str, y: Any, positive: Any, weights: Any) -> float:
    called = (positive > 0.5).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(
            {
                "roc_auc": lambda: sk.roc_auc_score(y, positive, sample_weight=weights),
                "average_precision": lambda: sk.average_precision_score(
                    y, positive, sample_weight=weights
                ),
                "accuracy": lambda: sk.accuracy_score(y, called, sample_weight=weights),
                "balanced_accuracy": lambda: sk.balanced_accuracy_score(
                    y, called, sample_weight=weights
                ),
                "f1": lambda: sk.f1_score(y, called, sample_weight=weights),
                "neg_log_loss": lambda: (
                    -sk.log_loss(y, probabilities(positive), sample_weight=weights)
                ),
            }[metric]()
        )


@pytest.mark.parametrize("metric", CLASSIFIERS)
@settings(max_examples=60, deadline=None)
@given(BINARY)
def test_is_scikit_learns_with_ties_and_weights(
    metric: MetricName, case: tuple[int, int, int]
) -> None:
    y, positive, weights = drawn(*case)
    p = probabilities(positive)
    plain, weighted = (
        by_sklearn(metric, y, positive, None),
        by_sklearn(metric, y, positive, weights),
    )
    assert score(metric, y, p) == pytest.approx(plain, abs=1e-9)
    both = METRICS[metric](y, p, np.vstack([np.ones(len(y)), weights]))
    assert both == pytest.approx([plain, weighted], abs=1e-9)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "neg_log_loss"])
def test_many_classes_are_scikit_learns(metric: MetricName) -> None:
    rng = np.random.default_rng(2)
    y, p = rng.integers(0, 4, 300), rng.dirichlet(np.ones(4), 300)
    called = p.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(y, called),
        "balanced_accuracy": sk.balanced_accuracy_score(y, called),
        "neg_log_loss": -sk.log_loss(y, p),
    }[metric]
    assert score(metric, y, p) == pytest.approx(expected)


def test_golden_auc() -> None:
    """Hanley & McNeil's rank sum by hand: 3 positives, 2 negatives, one tie of 6 pairs."""
    p = probabilities([0.9, 0.5, 0.2, 0.5, 0.1])
    assert score("roc_auc", np.array([1, 1, 1, 0, 0]), p) == pytest.approx((2 + 1.5 + 1) / 6)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
@given(SEEDS)
def test_ranks_alone_count(metric: MetricName, seed: int) -> None:
    y, positive, _ = drawn(seed, 60, 7)
    once, again = probabilities(positive), probabilities(positive**3 / 2)
    assert score(metric, y, once) == pytest.approx(score(metric, y, again))


@pytest.mark.parametrize("metric", CLASSIFIERS)
def test_perfect_is_best(metric: MetricName) -> None:
    y = np.array([0, 1, 0, 1])
    best = 0.0 if metric == "neg_log_loss" else 1.0
    assert score(metric, y, probabilities(y)) == pytest.approx(best, abs=1e-9)
    assert score(metric, y, probabilities(1 - y)) < 0.6


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "f1"])
def test_undefined_is_nan(metric: MetricName) -> None:
    assert np.isnan(score(metric, np.zeros(5, dtype=int), probabilities(np.zeros(5))))


@pytest.mark.parametrize("metric", CLASSIFIERS)
def test_no_rows_are_undefined(metric: MetricName) -> None:
    assert np.isnan(score(metric, np.array([], dtype=int), np.zeros((0, 2))))


@pytest.mark.parametrize("metric", CLASSIFIERS)
def test_predictions_that_are_no_numbers_have_no_score(metric: MetricName) -> None:
    """NaN sorts behind every number, so it would count as the highest probability."""
    p = probabilities([0.2, np.nan, 0.4, np.nan])
    assert np.isnan(score(metric, np.array([0, 1, 0, 1]), p))


def test_unknown_class_is_never_right() -> None:
    y, p = np.array([-1, -1, 1, 0]), probabilities([0.9, 0.1, 0.9, 0.1])
    assert score("accuracy", y, p) == 0.5
    assert score("neg_log_loss", y, p) < -15


@given(SEEDS, st.integers(2, 60), st.integers(1, 12))
def test_resamples_keep_the_class_counts(seed: int, n: int, count: int) -> None:
    y = np.random.default_rng(seed).integers(-1, 3, n)
    weights = np.concatenate(list(resamples(y, count, seed)))
    assert weights.shape == (count, n)
    for code in np.unique(y):
        assert np.all(weights[:, y == code].sum(axis=1) == (y == code).sum())


@pytest.mark.parametrize("metric", CLASSIFIERS)
def test_every_resample_of_both_classes_has_a_score(metric: MetricName) -> None:
    """The row with the highest score is absent from a third of all resamples."""
    rng = np.random.default_rng(0)
    y, p = np.tile([0, 1], 50), probabilities(rng.random(100))
    found = score_with_interval(metric, y, p, count=100, confidence=0.95, seed=0)
    assert found.low < found.value < found.high


def test_resamples_are_seeded_and_differ() -> None:
    y = np.tile([0, 1], 30)
    once, again, other = (np.concatenate(list(resamples(y, 20, s))) for s in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert len(np.unique(once, axis=0)) == 20


def test_blocks_of_large_tables_are_all_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftloop.performance.metrics._BLOCK", 100)
    blocks = [len(block) for block in resamples(np.tile([0, 1], 20), 7, 0)]
    assert blocks == [2, 2, 2, 1]


@pytest.mark.parametrize(("metric", "truth"), [("roc_auc", 0.7602499), ("accuracy", 0.6914625)])
def test_interval_covers_the_truth(metric: MetricName, truth: float) -> None:
    """Scores N(0, 1) and N(1, 1): AUC = Phi(1 / sqrt 2), accuracy at the middle = Phi(1 / 2)."""
    rng, covered = np.random.default_rng(8), 0
    for seed in range(150):
        y = np.tile([0, 1], 100)
        p = probabilities(1 / (1 + np.exp(-(rng.normal(y, 1) - 0.5))))
        found = score_with_interval(metric, y, p, count=200, confidence=0.9, seed=seed)
        assert found.low <= found.value <= found.high
        covered += found.low <= truth <= found.high
    assert 0.82 <= covered / 150 <= 0.97


REGRESSIONS = valid_metrics("regression")


@pytest.mark.parametrize("metric", REGRESSIONS)
@given(SEEDS, st.integers(2, 60))
def test_regression_is_scikit_learns_with_weights(metric: MetricName, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.normal(1e4, 3, n), rng.normal(1e4, 3, (n, 1))
    weights = np.r_[1, 1, rng.integers(0, 4, n - 2)].astype(float)
    expected = {
        "neg_rmse": lambda w: -sk.root_mean_squared_error(y, p, sample_weight=w),
        "neg_mae": lambda w: -sk.mean_absolute_error(y, p, sample_weight=w),
        "r2": lambda w: sk.r2_score(y, p, sample_weight=w),
    }[metric]
    found = METRICS[metric](y, p, np.vstack([np.ones(n), weights]))
    assert found == pytest.approx([expected(None), expected(weights)], rel=1e-6)
    best = 1.0 if metric == "r2" else 0.0
    assert score(metric, y, y[:, None]) == best


def test_r2_of_a_label_that_does_not_vary_is_undefined() -> None:
    y = np.full(9, 0.1)
    assert np.isnan(score("r2", y, np.linspace(0, 1, 9)[:, None]))
    assert np.isfinite(score("r2", np.linspace(0, 1e-9, 9), np.zeros((9, 1))))


@pytest.mark.parametrize("cut", [0.0, 0.2, 0.5, 0.9])
def test_cut_calls_rows_positive_from_there_on(cut: float) -> None:
    rng = np.random.default_rng(4)
    y, positive = rng.integers(0, 2, 200), rng.integers(0, 11, 200) / 10
    called = (positive >= cut).astype(int)
    p = probabilities(positive)
    assert score("accuracy", y, p, cut) == pytest.approx(sk.accuracy_score(y, called))
    assert score("f1", y, p, cut) == pytest.approx(sk.f1_score(y, called))
    balanced = sk.balanced_accuracy_score(y, called)
    assert score("balanced_accuracy", y, p, cut) == pytest.approx(balanced)
    assert score("roc_auc", y, p, cut) == score("roc_auc", y, p)
    found = score_with_interval("f1", y, p, count=200, confidence=0.9, seed=0, threshold=cut)
    assert found.low <= found.value <= found.high
    assert found.value == score("f1", y, p, cut)


def test_metrics_of_a_task() -> None:
    assert valid_metrics("multiclass") == ("accuracy", "balanced_accuracy", "neg_log_loss")
    assert set(CLASSIFIERS) | set(REGRESSIONS) == set(METRICS)
    assert set(CLASSIFIERS) & set(REGRESSIONS) == set()


def test_values_are_resampled_as_one_stratum() -> None:
    y = np.r_[np.zeros(30), np.ones(30)]
    weights = np.concatenate(list(resamples(y, 50, 0)))
    assert np.all(weights.sum(axis=1) == 60)
    assert len(set(weights[:, y == 1].sum(axis=1))) > 5
