"""No skill: what the best constant prediction scores, and what a model may lose of its lead."""

import math

import numpy as np

from driftloop.base.scores import CONSTANTS_ALIKE, Score
from driftloop.performance.bootstrap import Model, interval, resampled_scores
from driftloop.performance.custom_metric import is_custom
from driftloop.performance.metrics import MetricName, Scores, Truth, is_regression, score
from driftloop.performance.value_metric import best_constant, is_value

ADVANTAGE_SHARE = 0.1
"""The share of a model's advantage over a constant prediction that it may lose."""


def no_skill_score(metric: MetricName, y: Truth, before: Truth | None = None) -> float:
    """Return what predictions that tell no rows apart score on labels (n,); NaN where unknown.

    The area under the ROC curve is then 1/2, average precision the share of positives, balanced
    accuracy one over the classes, R² zero. In all others it depends on the constant: the one that
    is best on the labels `before` (m,), so that nothing is known of `y` beforehand; without them
    the one that is best in hindsight, which is at least as good. Unknown of a metric of one's own.
    """
    if metric == "roc_auc":
        return 0.5
    if metric == "average_precision":
        return float((y == 1).mean())
    if metric == "balanced_accuracy":
        return 1 / len(np.unique(y))
    if metric == "r2":
        return 0.0
    return math.nan if is_custom(metric) else constant_score(metric, y, before)


def constant_score(metric: MetricName, y: Truth, before: Truth | None = None) -> float:
    """Return what the constant scores on labels (n,) that is best on those `before`, or on them."""
    return score(metric, y, *_constant(metric, y, before))


def allowed_loss(metric: MetricName, y: Truth, baseline: float) -> float:
    """Return a tenth of a score's advantage over the best constant prediction of labels (n,).

    Of an error without an upper end it is at most a tenth of that error.
    """
    advantage = baseline - constant_score(metric, y)
    if metric in ("neg_rmse", "neg_mae") or (is_value(metric) and is_regression(y)):
        advantage = min(advantage, -baseline)
    return 0.0 if math.isnan(advantage) else max(0.0, ADVANTAGE_SHARE * advantage)


def scored_with_skill(
    metric: MetricName,
    y: Truth,
    model: Model,
    resampling: tuple[int, int, float],
    before: Truth | None = None,
) -> tuple[Score, Score | None]:
    """Return a model's score on labels (n,), and how far it lies above that of no skill.

    Both have their interval, the second one from the same resamples: where rows are hard for the
    model they are hard for a constant, too. None where no skill is unknown.

    Args:
        metric: the metric of both.
        y: the truth (n,).
        model: predictions (n, k) and threshold.
        resampling: how many resamples, their seed, and the two-sided confidence.
        before: labels (m,) that the constant is chosen on, as of `no_skill_score`.
    """
    count, seed, confidence = resampling
    guessing = no_skill_score(metric, y, before)
    # Within classes the resamples hold the labels fixed, and with them what a constant scores.
    moves = is_regression(y) and metric not in CONSTANTS_ALIKE and not math.isnan(guessing)
    models = (model, _constant(metric, y, before)) if moves else (model,)
    drawn = resampled_scores(metric, y, models, count, seed)
    value, rows = score(metric, y, *model), len(y)
    known = None if math.isnan(guessing) else guessing
    scored = Score(metric, value, *interval(drawn[0], y, confidence), rows, known)
    if known is None:
        return scored, None
    ahead: Scores = drawn[0] - (drawn[1] if moves else guessing)
    return scored, Score(metric, value - guessing, *interval(ahead, y, confidence), rows)


def _constant(metric: MetricName, y: Truth, before: Truth | None) -> Model:
    """Return the best constant as predictions of the rows (n, k), without a threshold."""
    known = y if before is None or not len(before) else before
    if is_regression(y):
        absolute = metric == "neg_mae" or is_value(metric)
        best = float(np.median(known) if absolute else np.mean(known))
        return np.full((len(y), 1), best), None
    width = max(2, *(int(labels.max(initial=0)) + 1 for labels in (y, known)))
    shares = np.bincount(known[known >= 0], minlength=width) / max(1, int((known >= 0).sum()))
    if metric == "f1":  # by calling every row positive
        shares = np.eye(width)[width - 1]
    elif is_value(metric):
        width, best_class = best_constant(metric, known)
        shares = np.eye(width)[best_class]
    return np.tile(shares, (len(y), 1)), None
