"""Performance estimated before the labels arrive, from a model's own probabilities."""

import math

import numpy as np

from driftloop.performance.metrics import BINARY_ONLY, METRICS, REGRESSION_ONLY, MetricName
from driftloop.performance.target import Probabilities


def estimated_score(metric: MetricName, p: Probabilities, threshold: float | None = None) -> float:
    """Return the score that a model expects of itself, larger is better; no labels needed.

    Each row counts once for each class, weighted with the probability that it is of that class:
    with two classes a row of probability 0.8 is 0.8 of a positive and 0.2 of a negative. The score
    of these weighted rows comes from the expected confusion matrix (accuracy, balanced accuracy,
    F1), the expected ROC or precision-recall curve, or the expected log-loss. A ratio of
    expectations stands for the expectation of the ratio, which is alike for more than some
    hundred rows; the accuracy and the log-loss are exact.

    It is valid as far as the probabilities are and stay calibrated: it accounts for inputs on which
    the model is less certain, and not for concept drift. NaN without rows, with NaN
    among the probabilities, for a binary metric of another number of classes than two, and for a
    metric of regression: a predicted value does not say how sure it is.

    Args:
        metric: the score, as `driftloop.performance.metrics` defines it.
        p: calibrated probabilities, rows sum to 1 (n, classes); the positive class is last.
        threshold: probability from which on a row is positive; None predicts the likeliest class.

    Source: confidence-based performance estimation, Humblot-Renaux et al. and NannyML's CBPE:
    Bialek et al., Estimating model performance under covariate shift without labels,
    arXiv:2401.08348.
    """
    rows, classes = p.shape
    undefined = metric in REGRESSION_ONLY or (metric in BINARY_ONLY and classes != 2)
    if rows == 0 or np.isnan(p).any() or undefined:
        return math.nan
    codes = np.tile(np.arange(classes), rows)
    weights = p.reshape(1, -1)
    return float(METRICS[metric](codes, np.repeat(p, classes, axis=0), weights, threshold)[0])
