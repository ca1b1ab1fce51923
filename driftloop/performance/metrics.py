"""Model scores, larger is better, with many resamples at a time.

A metric takes the truth ``y`` (n,), predictions ``p`` (n, k), weights ``w`` (b, n), the number of
times each row occurs in each of b resamples, and returns b scores. One row of ones gives the plain
score. A classifier's truth is class codes and its predictions are probabilities of the k classes; a
regression's truth is float64 values and its predictions are one column of values. ``threshold`` is
the probability from which on a row of two classes is positive; None predicts the likeliest class.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, WithJsonSchema

from driftloop.base.errors import valid_choices
from driftloop.base.scores import VALUE, Score, Task
from driftloop.performance.custom_metric import custom_metric, is_custom
from driftloop.performance.target import Probabilities, predicted_classes
from driftloop.performance.value_metric import is_value, value_metric

Scores = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float64]
Truth = npt.NDArray[Any]
"""What came true (n,): int64 class codes, or float64 values of a regression."""

OwnMetric = Literal[
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
MetricName = str
"""One of `OwnMetric`, the name of ``value`` with what outcomes are worth, or the import path of a
function that a configuration trusts."""

_BLOCK, _CACHED = 4_000_000, 200_000
"""Numbers that are drawn together, and weights that are used together: these stay in a cache."""

_LEAST = 20
"""Resamples that are used together, however many rows: a metric sorts the rows at each use."""

Metric = Callable[[Truth, Probabilities, Weights, float | None], Scores]
"""Returns the scores (b,) of resamples (b, n)."""


def roc_auc(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Area under the ROC curve of the positive class: P(score of a positive > of a negative).

    Ties count half. Source: Hanley & McNeil, Radiology 143(1), 1982.
    """
    positives, negatives = _by_class(y, p[:, -1])
    wins, below = np.take(w, positives.rows, axis=1), _sums_up_to(w, negatives)
    beaten = np.take(below, np.searchsorted(negatives.scores, positives.scores, "left"), axis=1)
    beaten += np.take(below, np.searchsorted(negatives.scores, positives.scores, "right"), axis=1)
    pairs = wins.sum(axis=1) * below[:, -1]
    return _ratio(np.einsum("ij,ij->i", wins, beaten) / 2, pairs)


def average_precision(
    y: Truth, p: Probabilities, w: Weights, threshold: float | None = None
) -> Scores:
    """Mean precision over the recall steps of the positive class, as in scikit-learn."""
    positives, negatives = _by_class(y, -p[:, -1])
    found = np.take(w, positives.rows, axis=1)
    ends = [
        np.searchsorted(rows.scores, positives.scores, "right") for rows in (positives, negatives)
    ]
    hits = np.take(_sums_up_to(w, positives), ends[0], axis=1)
    called = hits + np.take(_sums_up_to(w, negatives), ends[1], axis=1)
    precision = hits / np.maximum(called, 1.0)  # a run of rows that no resample drew calls none
    return _ratio(np.einsum("ij,ij->i", found, precision), found.sum(axis=1))


def accuracy(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Share of rows that are called their class."""
    right: Scores = (predicted_classes(p, threshold) == y).astype(float)
    return _ratio(w @ right, w.sum(axis=1))


def balanced_accuracy(
    y: Truth, p: Probabilities, w: Weights, threshold: float | None = None
) -> Scores:
    """Mean over the classes present of the share of their rows that are found."""
    right = predicted_classes(p, threshold) == y
    recalls = [
        _ratio(w[:, y == code] @ right[y == code], w[:, y == code].sum(axis=1))
        for code in np.unique(y)
    ]
    mean: Scores = np.nanmean(np.vstack(recalls), axis=0)
    return mean


def f1(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Harmonic mean of precision and recall of the positive class."""
    called, positive = predicted_classes(p, threshold) == p.shape[1] - 1, y == p.shape[1] - 1
    return _ratio(2 * (w @ (called & positive)), w @ called + w @ positive)


def neg_log_loss(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Mean log-probability given to the true class, floored at 1e-15; 0 is perfect."""
    known = np.where(y >= 0, p[np.arange(len(y)), np.maximum(y, 0)], 0.0)
    return _ratio(w @ np.log(np.maximum(known, 1e-15)), w.sum(axis=1))


def neg_rmse(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Root of the mean squared error with its sign turned, in units of the label; 0 is perfect."""
    mean: Scores = _ratio(w @ (p[:, 0] - y) ** 2, w.sum(axis=1))
    return -np.sqrt(mean)


def neg_mae(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Mean absolute error with its sign turned, in units of the label; 0 is perfect."""
    return -_ratio(w @ np.abs(p[:, 0] - y), w.sum(axis=1))


def r2(y: Truth, p: Probabilities, w: Weights, threshold: float | None = None) -> Scores:
    """Share of the label's variance that is explained; NaN where the label does not vary."""
    rows = w.sum(axis=1)
    # Around the mean of all rows, so that large labels cancel nothing in the sum of squares.
    centred = y - y.mean() if len(y) else y
    squares = w @ centred**2
    varied = squares - _ratio((w @ centred) ** 2, rows)
    return 1.0 - _ratio(w @ (p[:, 0] - y) ** 2, np.where(varied > 1e-12 * squares, varied, 0.0))


METRICS: dict[OwnMetric, Metric] = {
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
BINARY_ONLY: frozenset[str] = frozenset({"roc_auc", "average_precision", "f1"})
REGRESSION_ONLY: frozenset[str] = frozenset({"neg_rmse", "neg_mae", "r2"})
THRESHOLDED: frozenset[str] = frozenset({"accuracy", "balanced_accuracy", "f1"})


def _named(metric: str) -> str:
    if is_custom(metric) or metric in METRICS or is_value(metric):
        return metric
    choices = [*METRICS, VALUE]
    raise ValueError(f"no such metric; {valid_choices(metric, choices)}, or an import path")


MetricField = Annotated[
    str,
    AfterValidator(_named),
    WithJsonSchema({"anyOf": [{"enum": [*METRICS, VALUE]}, {"type": "string", "pattern": r"\."}]}),
]
"""A metric in a configuration."""


def metric_of(name: MetricName) -> Metric:
    """Return the function of a metric.

    Raises:
        ValueError: if it is somebody's own, and cannot be imported or called.
    """
    if is_value(name):
        return value_metric(name)
    return custom_metric(name) if is_custom(name) else METRICS[cast("OwnMetric", name)]


def takes_decisions(metric: MetricName) -> bool:
    """Say whether a metric looks at the class that is decided for, and at no probabilities."""
    return metric in THRESHOLDED or is_value(metric)


def valid_metrics(task: Task) -> tuple[OwnMetric, ...]:
    """Return the metrics that a task can be judged by, in the order of `METRICS`."""
    if task == "regression":
        return tuple(name for name in METRICS if name in REGRESSION_ONLY)
    classes = tuple(name for name in METRICS if name not in REGRESSION_ONLY)
    return tuple(name for name in classes if task == "binary" or name not in BINARY_ONLY)


def wrong_for(metric: MetricName, task: Task) -> str | None:
    """Return why a task cannot be judged by a metric, or None."""
    valid = valid_metrics(task)
    if metric in valid:
        return None
    what = "two classes" if metric in BINARY_ONLY else "classes"
    what = "regression" if metric in REGRESSION_ONLY else what
    return f"{metric} is for {what}; valid with task {task}: {', '.join(valid)}"


def is_regression(y: Truth) -> bool:
    """Say whether the truth is values and no class codes."""
    return y.dtype.kind == "f"


def score(metric: MetricName, y: Truth, p: Probabilities, threshold: float | None = None) -> float:
    """Return the plain score; NaN where undefined, such as the AUC of one class."""
    if not len(y) or np.isnan(p).any():
        return float("nan")
    return float(metric_of(metric)(y, p, np.ones((1, len(y))), threshold)[0])


def strata(y: Truth) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each class; values of a regression are one stratum."""
    if is_regression(y):
        return [np.arange(len(y))] if len(y) else []
    return [np.flatnonzero(y == code) for code in np.unique(y)]


def resamples(
    y: Truth, count: int, seed: int, order: npt.NDArray[np.intp] | None = None
) -> Iterator[Weights]:
    """Yield bootstrap weights in blocks of shape (b, n), drawn within each class.

    Stratified, so that a rare class is in every resample. Source: Efron & Tibshirani, An
    Introduction to the Bootstrap, 1993, chapter 6. With an `order` (n,) of the rows the columns
    come in it: the same resamples, laid out for who reads them that way.
    """
    rng, groups = np.random.default_rng(seed), strata(y)
    if order is not None:
        place = np.empty(len(y), dtype=np.intp)
        place[order] = np.arange(len(y))
        groups = [place[rows] for rows in groups]
    block = max(1, _BLOCK // max(1, len(y)))
    few = max(_LEAST, _CACHED // max(1, len(y)))
    for first in range(0, count, block):
        size = min(block, count - first)
        drawn = [rng.integers(0, len(rows), (size, len(rows))) for rows in groups]
        for start in range(0, size, few):
            part = slice(start, min(start + few, size))
            weights = np.zeros((part.stop - start, len(y)))
            for rows, places in zip(groups, drawn, strict=True):
                _count(rows, places[part], weights)
            yield weights


def score_with_interval(
    metric: MetricName,
    y: Truth,
    p: Probabilities,
    *,
    count: int,
    confidence: float,
    seed: int,
    threshold: float | None = None,
) -> Score:
    """Return the score with its percentile bootstrap interval at two-sided `confidence`."""
    function = metric_of(metric)
    drawn = np.concatenate([function(y, p, w, threshold) for w in resamples(y, count, seed)])
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Score(metric, score(metric, y, p, threshold), float(low), float(high), len(y))


def _count(rows: npt.NDArray[np.intp], drawn: npt.NDArray[np.int64], weights: Weights) -> None:
    """Write into `weights` (b, n) how often each of `rows` was drawn, as places among them."""
    drawn += np.arange(len(drawn))[:, None] * len(rows)
    counts = np.bincount(drawn.ravel(), minlength=drawn.size)
    weights[:, rows] = counts.reshape(drawn.shape)


class _Ranked(NamedTuple):
    """Rows of one class (k,) by their scores (k,), the least first."""

    rows: npt.NDArray[np.intp]
    scores: npt.NDArray[Any]


def _by_class(y: Truth, scores: npt.NDArray[Any]) -> tuple[_Ranked, _Ranked]:
    """Return the positive rows and all others, each by their scores."""
    ranked = []
    for rows in (np.flatnonzero(y == 1), np.flatnonzero(y != 1)):
        rows = rows[np.argsort(scores[rows], kind="stable")]
        ranked.append(_Ranked(rows, scores[rows]))
    return ranked[0], ranked[1]


def _sums_up_to(w: Weights, ranked: _Ranked) -> Weights:
    """Return the weights (b, k + 1) of the first 0 to k of the rows together."""
    sums = np.zeros((len(w), len(ranked.rows) + 1))
    # take is several times faster here than w[:, rows]
    np.cumsum(np.take(w, ranked.rows, axis=1), axis=1, out=sums[:, 1:])
    return sums


def _ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> Scores:
    empty = np.full(np.broadcast(top, bottom).shape, np.nan)
    ratios: Scores = np.divide(top, bottom, out=empty, where=bottom != 0)
    return ratios
