"""Model scores, larger is better, with many resamples at a time.

A metric takes class codes ``y`` (n,), probabilities ``p`` (n, classes) and weights ``w`` (b, n),
the number of times each row occurs in each of b resamples, and returns b scores. One row of ones
gives the plain score.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from driftloop.labels import Codes, Probabilities, Task
from driftloop.records import Score

Scores = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float64]
Metric = Callable[[Codes, Probabilities, Weights], Scores]
MetricName = Literal[
    "roc_auc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
    "f1",
    "neg_log_loss",
    "neg_rmse",
    "neg_mae",
    "r2",
]
_BLOCK = 4_000_000


def roc_auc(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Area under the ROC curve of the positive class: P(score of a positive > of a negative).

    Ties count half. Source: Hanley & McNeil, Radiology 143(1), 1982.
    """
    order, starts = _ranked(p[:, -1])
    positives, negatives = _by_score(y[order] == 1, w[:, order], starts)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    return _ratio((positives * below).sum(axis=1), pairs)


def average_precision(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Mean precision over the recall steps of the positive class, as in scikit-learn."""
    order, starts = _ranked(-p[:, -1])
    positives, negatives = _by_score(y[order] == 1, w[:, order], starts)
    hits = np.cumsum(positives, axis=1)
    called = hits + np.cumsum(negatives, axis=1)
    precision = hits / np.maximum(called, 1.0)  # a run of rows that no resample drew calls none
    return _ratio((positives * precision).sum(axis=1), positives.sum(axis=1))


def accuracy(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Share of rows whose most probable class is theirs."""
    right: Scores = (p.argmax(axis=1) == y).astype(float)
    return _ratio(w @ right, w.sum(axis=1))


def balanced_accuracy(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Mean over the classes present of the share of their rows that are found."""
    right = p.argmax(axis=1) == y
    recalls = [
        _ratio(w[:, y == code] @ right[y == code], w[:, y == code].sum(axis=1))
        for code in np.unique(y)
    ]
    mean: Scores = np.nanmean(np.vstack(recalls), axis=0)
    return mean


def f1(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Harmonic mean of precision and recall of the positive class at probability 0.5."""
    called, positive = p.argmax(axis=1) == p.shape[1] - 1, y == p.shape[1] - 1
    return _ratio(2 * (w @ (called & positive)), w @ called + w @ positive)


def neg_log_loss(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Mean log-probability given to the true class, floored at 1e-15; 0 is perfect."""
    known = np.where(y >= 0, p[np.arange(len(y)), np.maximum(y, 0)], 0.0)
    return _ratio(w @ np.log(np.maximum(known, 1e-15)), w.sum(axis=1))


def neg_rmse(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Root of the mean squared error of the predicted values, negated; 0 is perfect."""
    return -np.sqrt(_ratio(w @ (p[:, 0] - y) ** 2, w.sum(axis=1)))


def neg_mae(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Mean absolute error of the predicted values, negated; 0 is perfect."""
    return -_ratio(w @ np.abs(p[:, 0] - y), w.sum(axis=1))


def r2(y: Codes, p: Probabilities, w: Weights) -> Scores:
    """Share of the variance of the labels that the predicted values explain; 1 is perfect."""
    rows = w.sum(axis=1)
    spread = w @ (y * y) - _ratio((w @ y) ** 2, rows)
    return 1 - _ratio(w @ (p[:, 0] - y) ** 2, spread)


METRICS: dict[MetricName, Metric] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
    "neg_log_loss": neg_log_loss,
    "neg_rmse": neg_rmse,
    "neg_mae": neg_mae,
    "r2": r2,
}
BINARY_ONLY: frozenset[MetricName] = frozenset({"roc_auc", "average_precision", "f1"})
REGRESSION: frozenset[MetricName] = frozenset({"neg_rmse", "neg_mae", "r2"})
THRESHOLDED: frozenset[MetricName] = frozenset({"accuracy", "balanced_accuracy", "f1"})


def metrics_of(task: Task) -> tuple[MetricName, ...]:
    """Return the metrics that a task can be scored with."""
    if task == "regression":
        return tuple(name for name in METRICS if name in REGRESSION)
    barred = REGRESSION | (BINARY_ONLY if task == "multiclass" else frozenset())
    return tuple(name for name in METRICS if name not in barred)


def score(metric: MetricName, y: Codes, p: Probabilities) -> float:
    """Return the plain score; NaN where undefined, such as the AUC of one class."""
    if not len(y) or np.isnan(p).any():
        return float("nan")
    return float(METRICS[metric](y, p, np.ones((1, len(y))))[0])


def resamples(y: Codes, count: int, seed: int) -> Iterator[Weights]:
    """Yield bootstrap weights in blocks of shape (b, n), drawn within each class.

    Stratified, so that a rare class is in every resample. Source: Efron & Tibshirani, An
    Introduction to the Bootstrap, 1993, chapter 6.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // max(1, len(y)))
    for first in range(0, count, block):
        size = min(block, count - first)
        weights = np.zeros((size, len(y)))
        for code in np.unique(y):
            rows = np.flatnonzero(y == code)
            drawn = rng.integers(0, len(rows), (size, len(rows)))
            drawn += np.arange(size)[:, None] * len(rows)
            counts = np.bincount(drawn.ravel(), minlength=size * len(rows))
            weights[:, rows] = counts.reshape(size, len(rows))
        yield weights


def score_with_interval(
    metric: MetricName, y: Codes, p: Probabilities, *, count: int, confidence: float, seed: int
) -> Score:
    """Return the score with its percentile bootstrap interval at two-sided `confidence`."""
    drawn = np.concatenate([METRICS[metric](y, p, w) for w in resamples(y, count, seed)])
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Score(metric, score(metric, y, p), float(low), float(high), len(y))


def _ranked(scores: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Order of the rows by score, and where each run of equal scores starts."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    changes = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return order, np.concatenate([[0], changes])


def _by_score(
    positive: npt.NDArray[np.bool_], weights: Weights, starts: npt.NDArray[np.intp]
) -> tuple[Weights, Weights]:
    every = np.add.reduceat(weights, starts, axis=1)
    positives = np.add.reduceat(weights * positive, starts, axis=1)
    return positives, every - positives


def _ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> Scores:
    empty = np.full(np.broadcast(top, bottom).shape, np.nan)
    return np.divide(top, bottom, out=empty, where=bottom != 0)
