"""No skill: the best constant, by searching all constants with scikit-learn."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn import metrics as sk

from driftloop.performance.metrics import score
from driftloop.performance.no_skill import no_skill_score, scored_with_skill
from tests.driftloop.cases import probabilities
from tests.driftloop.performance.test_custom_metric import PROFIT

Y = np.array([0] * 47 + [1] * 13)
LATER = np.array([0] * 10 + [1] * 50)
VALUES = np.random.default_rng(1).gamma(1.0, 5.0, 201)


def constants(y: Any, metric: Any) -> list[float]:
    """What a metric of labels and called classes scores for each class that all are called."""
    return [float(metric(y, np.full(len(y), code))) for code in (0, 1)]


def log_loss(y: Any, share: float) -> float:
    return -float(sk.log_loss(y, np.full(len(y), share), labels=[0, 1]))


def test_no_skill_is_what_constant_predictions_score() -> None:
    y = np.array([0, 1, 1, 0, 1, 0, 0, 0])
    constant = np.full((8, 2), 0.5)
    for metric in ("roc_auc", "average_precision", "balanced_accuracy"):
        assert score(metric, y, constant) == pytest.approx(no_skill_score(metric, y))
    values = np.array([1.0, 4.0, 2.5])
    assert score("r2", values, np.full((3, 1), 2.5)) == no_skill_score("r2", values) == 0
    assert np.isnan(no_skill_score(PROFIT, y)), "of one's own nobody knows"


def test_no_constant_is_better_in_hindsight() -> None:
    assert no_skill_score("accuracy", Y) == max(constants(Y, sk.accuracy_score)) == 47 / 60
    called = max(constants(Y, lambda y, p: sk.f1_score(y, p, zero_division=0.0)))
    assert no_skill_score("f1", Y) == pytest.approx(called)
    least = minimize_scalar(lambda share: -log_loss(Y, share), bounds=(0.01, 0.99))
    assert no_skill_score("neg_log_loss", Y) == pytest.approx(-least.fun, abs=1e-6)
    worth = max(constants(Y, lambda y, p: np.mean(np.array([[1, -8], [-200, 120]])[y, p])))
    assert no_skill_score("value:1:-8:-200:120", Y) == pytest.approx(worth)
    grid = np.linspace(VALUES.min(), VALUES.max(), 20_001)
    squared, absolute = (
        min(np.mean(np.abs(VALUES - one) ** power) for one in grid) for power in (2, 1)
    )
    assert no_skill_score("neg_rmse", VALUES) == pytest.approx(-np.sqrt(squared), rel=1e-6)
    assert no_skill_score("neg_mae", VALUES) == pytest.approx(-absolute, rel=1e-4)
    assert no_skill_score("value:-3", VALUES) == pytest.approx(-3 * absolute, rel=1e-4)


def test_a_constant_that_was_chosen_before_knows_nothing_of_the_labels() -> None:
    """The frequent class of earlier labels is the rare one of later ones."""
    assert no_skill_score("accuracy", LATER, Y) == pytest.approx(10 / 60)
    assert no_skill_score("neg_log_loss", LATER, Y) == pytest.approx(log_loss(LATER, 13 / 60))
    moved = VALUES + 20
    assert no_skill_score("neg_rmse", moved, VALUES) == pytest.approx(
        -np.sqrt(np.mean((moved - VALUES.mean()) ** 2))
    )
    assert no_skill_score("roc_auc", LATER, Y) == 0.5
    for metric in ("accuracy", "neg_log_loss", "f1"):
        assert no_skill_score(metric, LATER, Y) <= no_skill_score(metric, LATER)


def test_the_interval_above_no_skill_is_that_of_the_same_rows() -> None:
    """By simulation: 400 windows of skewed labels, which are hard for model and constant alike."""

    def window(seed: int) -> tuple[Any, Any]:
        rng = np.random.default_rng(seed)
        y = rng.lognormal(0, 1, 500)
        return y, np.full((500, 1), 1.6) + 0.2 * (y[:, None] - 1.6)

    drawn = [window(seed) for seed in range(400)]
    before = np.random.default_rng(9).lognormal(0, 1, 4000)
    ahead = [
        np.sqrt(np.mean((y - before.mean()) ** 2)) - np.sqrt(np.mean((y - p[:, 0]) ** 2))
        for y, p in drawn
    ]
    errors = []
    for y, p in drawn[:20]:
        found, skill = scored_with_skill("neg_rmse", y, (p, None), (400, 0, 0.95), before)
        assert skill is not None
        assert skill.value == pytest.approx(found.value - no_skill_score("neg_rmse", y, before))
        errors.append([(one.high - one.low) / 3.92 for one in (skill, found)])
    skill_error, score_error = np.mean(errors, axis=0)
    assert skill_error == pytest.approx(np.std(ahead), rel=0.25)
    assert skill_error < score_error / 2, "the score alone is far less certain"


def test_no_skill_needs_no_resampling_where_the_classes_are_fixed() -> None:
    y, p = Y, probabilities(np.where(Y == 1, 0.9, 0.2))
    p[:5] = [0.3, 0.7]
    found, skill = scored_with_skill("accuracy", y, (p, None), (400, 0, 0.95))
    assert skill is not None
    assert (skill.low, skill.high) == pytest.approx((found.low - 47 / 60, found.high - 47 / 60))
    found, skill = scored_with_skill(PROFIT, y, (p, None), (200, 0, 0.95))
    assert (found.guessing, skill) == (None, None)
