"""Resampled scores against rows repeated one by one, and the expanded interval."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from driftloop.performance.bootstrap import expanded_tail, interval, resampled_scores
from driftloop.performance.metrics import METRICS, MetricName, resamples, valid_metrics
from tests.driftloop.cases import probabilities

BY_SKLEARN: dict[str, Any] = {
    "roc_auc": lambda y, p, cut: sk.roc_auc_score(y, p[:, -1]),
    "average_precision": lambda y, p, cut: sk.average_precision_score(y, p[:, -1]),
    "accuracy": lambda y, p, cut: sk.accuracy_score(y, p[:, -1] >= cut),
    "balanced_accuracy": lambda y, p, cut: sk.balanced_accuracy_score(y, p[:, -1] >= cut),
    "f1": lambda y, p, cut: sk.f1_score(y, p[:, -1] >= cut),
    "neg_log_loss": lambda y, p, cut: -sk.log_loss(y, p),
    "neg_rmse": lambda y, p, cut: -sk.root_mean_squared_error(y, p[:, 0]),
    "neg_mae": lambda y, p, cut: -sk.mean_absolute_error(y, p[:, 0]),
    "r2": lambda y, p, cut: sk.r2_score(y, p[:, 0]),
}


def example(metric: MetricName, rows: int = 90, seed: int = 3) -> tuple[Any, Any, Any]:
    """The truth and two models; scores are rounded so that some tie."""
    rng = np.random.default_rng(seed)
    if metric in valid_metrics("regression"):
        y = rng.normal(50, 10, rows)
        return y, *((y + rng.normal(0, size, rows))[:, None] for size in (3, 4))
    y = (rng.random(rows) < 0.3).astype(int)
    y[:2] = 0, 1
    both = (np.clip(rng.normal(0.3 + gain * y, 0.2), 0.02, 0.98).round(2) for gain in (0.3, 0.2))
    return y, *(probabilities(one) for one in both)


@pytest.mark.parametrize("metric", METRICS)
def test_every_resample_is_scored_as_scikit_learn_scores_its_rows(metric: MetricName) -> None:
    y, first, second = example(metric)
    cuts = 0.35, 0.62
    found = resampled_scores(metric, y, ((first, cuts[0]), (second, cuts[1])), 40, 7)
    (weights,) = resamples(y, 40, 7)
    for p, cut, scores in zip((first, second), cuts, found, strict=True):
        for times, score in zip(weights.astype(int), scores, strict=True):
            again = BY_SKLEARN[metric](np.repeat(y, times), np.repeat(p, times, axis=0), cut)
            assert score == pytest.approx(again, abs=1e-9)


def auc_by_pairs(y: Any, p: Any) -> float:
    ahead = p[y == 1, -1][:, None] - p[y == 0, -1]
    return float(np.mean((ahead > 0) + 0.5 * (ahead == 0)))


def f1_by_counts(y: Any, p: Any) -> float:
    called = p[:, -1] >= 0.5
    return float(2 * np.sum(called & (y == 1)) / (called.sum() + y.sum()))


@pytest.mark.parametrize(
    ("metric", "by_definition"),
    [
        ("roc_auc", auc_by_pairs),
        ("f1", f1_by_counts),
        ("neg_mae", lambda y, p: -np.mean(np.abs(y - p[:, 0]))),
    ],
)
def test_interval_is_that_of_a_naive_bootstrap(metric: MetricName, by_definition: Any) -> None:
    """A loop that draws rows of each class, with its own random numbers and definitions."""
    y, first, second = example(metric)
    rng, drawn = np.random.default_rng(99), []
    strata = [np.arange(len(y))] if y.dtype == float else [np.flatnonzero(y == c) for c in (0, 1)]
    for _ in range(1500):
        rows = np.concatenate([rng.choice(part, len(part)) for part in strata])
        scored = [by_definition(y[rows], p[rows]) for p in (first, second)]
        drawn.append(scored[0] - scored[1])
    k = min(len(part) for part in strata)
    tail = stats.norm.cdf(np.sqrt(k / (k - 1)) * stats.t.ppf(0.025, k - 1))
    expected = np.quantile(drawn, [tail, 1 - tail])
    new, old = resampled_scores(metric, y, ((first, 0.5), (second, 0.5)), 8000, 0)
    # Both ends are quantiles of some thousand draws: an error of some 5 % of the spread.
    assert interval(new - old, y, 0.95) == pytest.approx(expected, abs=0.2 * np.std(drawn))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("only", [0, 1])
def test_undefined_with_one_class(name: MetricName, only: int) -> None:
    p = probabilities([0.2, 0.8, 0.5])
    scores = METRICS[name](np.full(3, only), p, np.ones((2, 3)))
    expected = 1.0 if (name, only) == ("average_precision", 1) else np.nan
    assert np.array_equal(scores, [expected, expected], equal_nan=True)


def test_expanded_interval_of_a_mean_is_students() -> None:
    """Of a normal sample's mean: t s / sqrt(k), which plain percentiles fall short of by 20 %."""
    k = 8
    y = np.random.default_rng(1).normal(size=k)
    drawn = np.concatenate([w @ y / k for w in resamples(y, 200_000, 0)])
    low, high = interval(drawn, y, 0.9)
    reach = stats.t.ppf(0.95, k - 1) * np.std(y, ddof=1) / np.sqrt(k)
    assert (high - low) / 2 == pytest.approx(reach, rel=0.05)
    plain = np.diff(np.quantile(drawn, [0.05, 0.95])).item() / 2
    assert plain < 0.85 * reach


def test_large_samples_are_not_expanded_and_unknown_classes_are_none() -> None:
    many = np.tile([0, 1], 50_000)
    assert expanded_tail(many, 0.95) == pytest.approx(0.025, rel=1e-3)
    assert expanded_tail(np.append(many, -1), 0.95) == expanded_tail(many, 0.95)
    assert expanded_tail(np.append(many, 2), 0.95) < 1e-6
