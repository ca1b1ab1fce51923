import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.performance.estimates.confidence_based import expected_score
from driftloop.performance.metrics import BINARY_ONLY, MetricName, score, valid_metrics
from driftloop.performance.target import Probabilities

FIVE = np.array([0.9, 0.8, 0.3, 0.6, 0.1])
SEEDS = st.integers(0, 2**32 - 1)


def binary(positive: npt.NDArray[np.float64]) -> Probabilities:
    return np.column_stack([1 - positive, positive])


def twice(p: Probabilities) -> tuple[Probabilities, Probabilities]:
    """Predictions that are calibrated: scored, and believed."""
    return p, p


@given(SEEDS, st.integers(1, 40))
def test_area_counts_pairs(seed: int, rows: int) -> None:
    """Brute force over all pairs: p_i (1 - p_j) where score i beats score j, half at a tie."""
    p = np.random.default_rng(seed).integers(1, 10, rows) / 10
    wins = (p[:, None] > p) + 0.5 * (p[:, None] == p)
    pairs = p[:, None] * (1 - p)
    expected = float((wins * pairs).sum() / pairs.sum())
    assert expected_score("roc_auc", *twice(binary(p))) == pytest.approx(expected)


def test_other_scores_by_hand() -> None:
    """From the expected confusion matrix: TP 2.3, FP 0.7, FN 0.4, TN 1.6; and the entropy.

    Average precision: recall steps p / 2.7 in order of the score, at precisions 0.9, 1.7 / 2,
    2.3 / 3, 2.6 / 4 and 2.7 / 5.
    """
    p = binary(FIVE)
    recalls = 1.6 / 2.3, 2.3 / 2.7
    assert expected_score("balanced_accuracy", p, p) == pytest.approx(sum(recalls) / 2)
    entropy = -float((p * np.log(p)).sum()) / 5
    assert expected_score("neg_log_loss", p, p) == pytest.approx(-entropy)
    steps = [0.9 * 0.9, 0.8 * 1.7 / 2, 0.6 * 2.3 / 3, 0.3 * 2.6 / 4, 0.1 * 2.7 / 5]
    assert expected_score("average_precision", p, p) == pytest.approx(sum(steps) / 2.7)


@pytest.mark.parametrize("metric", valid_metrics("binary"))
def test_estimate_is_the_mean_score_of_drawn_labels(metric: MetricName) -> None:
    """Monte Carlo: labels drawn from the probabilities themselves, so that they are calibrated."""
    rng = np.random.default_rng(1)
    if metric in BINARY_ONLY:
        p = binary(rng.beta(0.7, 1.5, 800))
    else:
        p = rng.dirichlet([0.4, 0.6, 1.0], 800)
    scores = []
    for _ in range(150):
        y = (rng.random((len(p), 1)) > p.cumsum(axis=1)).sum(axis=1)
        scores.append(score(metric, y, p))
    error = float(np.std(scores) / math.sqrt(len(scores)))
    assert expected_score(metric, p, p) == pytest.approx(np.mean(scores), abs=4 * error + 1e-3)


@pytest.mark.parametrize("metric", valid_metrics("binary"))
def test_where_no_score_is_defined(metric: MetricName) -> None:
    nothing, gap = np.empty((0, 2)), np.array([[0.5, 0.5], [np.nan, 0.5]])
    assert math.isnan(expected_score(metric, nothing, nothing))
    assert math.isnan(expected_score(metric, gap, gap))
    three = np.full((4, 3), [0.5, 0.3, 0.2])
    assert math.isnan(expected_score(metric, three, three)) == (metric in BINARY_ONLY)


def test_certain_rows() -> None:
    """Probabilities of 0 and 1 give perfect scores and no NaN; one class leaves no ROC curve."""
    p = binary(np.array([0.0, 1.0, 1.0]))
    for metric in valid_metrics("binary"):
        assert expected_score(metric, p, p) == (0.0 if metric == "neg_log_loss" else 1.0)
    assert math.isnan(expected_score("roc_auc", *twice(binary(np.ones(3)))))


def test_a_cut_counts() -> None:
    called = FIVE >= 0.3
    expected = 2 * FIVE[called].sum() / (called.sum() + FIVE.sum())
    assert expected_score("f1", *twice(binary(FIVE)), threshold=0.3) == pytest.approx(expected)
