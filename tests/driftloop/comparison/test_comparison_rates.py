"""How often a challenger wins: rarely where it is no better, as often as theory says if it is."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.performance.metrics import MetricName
from tests.driftloop.cases import predicted, probabilities

TRIALS = 1000


@pytest.fixture(autouse=True)
def _without_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices decide nothing and take two thirds of the time."""
    monkeypatch.setattr("driftloop.comparison.compare.slice_scores", lambda *_, **__: ())


def classes(rows: int, positives: int, seed: int) -> tuple[Any, Any, Any]:
    """Two models that see the same signal, each through its own noise."""
    rng = np.random.default_rng(seed)
    y = np.zeros(rows, dtype=int)
    y[rng.choice(rows, positives, replace=False)] = 1
    signal = (y - 0.5) * 1.2 + rng.normal(0, 0.7, rows)
    first, second = (signal + rng.normal(0, 0.7, rows) for _ in range(2))
    return y, *(probabilities(1 / (1 + np.exp(-one))) for one in (first, second))


def values(rows: int, seed: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    return y, *((y + rng.normal(size=rows))[:, None] for _ in range(2))


def win_rate_is_at_most(level: float, wins: int) -> bool:
    return bool(binomtest(wins, TRIALS, level, alternative="greater").pvalue > 0.01)


@pytest.mark.parametrize(
    ("metric", "rows", "positives"),
    [
        ("roc_auc", 60, 30),
        ("roc_auc", 80, 8),
        ("average_precision", 60, 10),
        ("balanced_accuracy", 100, 10),
        ("f1", 100, 50),
        ("neg_log_loss", 100, 10),
    ],
)
def test_equal_models_win_no_more_often_than_stated(
    metric: MetricName, rows: int, positives: int
) -> None:
    """At two-sided 95 % in 2.5 %. Unexpanded percentiles win 5 % at 10 rows of a class."""
    settings = ComparisonSettings(metric=metric, gates=())
    wins = sum(
        compare(predicted(*classes(rows, positives, seed)), settings).won for seed in range(TRIALS)
    )
    assert win_rate_is_at_most(0.025, wins)


@pytest.mark.parametrize("metric", ["neg_rmse", "neg_mae", "r2"])
def test_equal_regressions_win_no_more_often_than_stated(metric: MetricName) -> None:
    settings = ComparisonSettings(metric=metric, gates=())
    wins = sum(compare(predicted(*values(100, seed)), settings).won for seed in range(TRIALS))
    assert win_rate_is_at_most(0.025, wins)


def test_challenger_worse_by_the_margin_is_seldom_called_no_worse() -> None:
    """Mean absolute errors of 1 and 1.2: at a margin of 0.2 the claim is just false."""
    settings = ComparisonSettings(metric="neg_mae", claim="non_inferior", margin=0.2, gates=())
    scale, wins = np.sqrt(np.pi / 2), 0
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        y, first, second = rng.normal(size=(3, 60))
        p = [(y + size * scale * noise)[:, None] for size, noise in ((1.2, first), (1.0, second))]
        wins += compare(predicted(y, *p), settings).won
    assert win_rate_is_at_most(0.025, wins)


def test_true_gain_is_found_with_the_power_of_normal_theory() -> None:
    """Binormal scores, areas 0.76 and 0.66; placements in closed form give DeLong's variance.

    Of a positive score x the share of negatives below is Phi(x); of a negative one z the share of
    positives above is Phi(d - z).
    """
    shifts, shared, m = np.array([1.0, 0.58]), 0.5, 100
    many = np.random.default_rng(0)

    def noise(rng: np.random.Generator, rows: int) -> Any:
        common = rng.normal(size=(rows, 1))
        return np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=(rows, 2))

    wins, losses = norm.cdf(noise(many, 200_000) + shifts), norm.cdf(shifts - noise(many, 200_000))
    spread = np.sqrt(np.var(wins[:, 0] - wins[:, 1]) / m + np.var(losses[:, 0] - losses[:, 1]) / m)
    gain = -np.diff(norm.cdf(shifts / np.sqrt(2))).item()
    power = norm.cdf(gain / spread - norm.ppf(0.975))
    assert 0.6 < power < 0.9
    y, settings, found = np.repeat([1, 0], m), ComparisonSettings(gates=()), 0
    for seed in range(300):
        scores = noise(np.random.default_rng(seed), 2 * m) + y[:, None] * shifts
        p = [probabilities(1 / (1 + np.exp(-scores[:, i]))) for i in range(2)]
        found += compare(predicted(y, *p), settings).won
    assert found / 300 == pytest.approx(power, abs=3 * np.sqrt(power * (1 - power) / 300))
