"""Scores of one or two models on the same resamples, and intervals that hold in small samples."""

import numpy as np

from driftloop.performance.metrics import MetricName, Scores, Truth, metric_of, resamples, strata
from driftloop.performance.target import Probabilities

Model = tuple[Probabilities, float | None]
"""A model's predictions (n, k) and its decision threshold."""


def resampled_scores(
    metric: MetricName, y: Truth, models: tuple[Model, ...], count: int, seed: int
) -> tuple[Scores, ...]:
    """Return the scores (count,) of each model, all on the same resamples of the rows."""
    # Rank metrics read weights by score. In the first model's order, much like the second's, they
    # read memory in a row, which is most of their time on large holdouts.
    order = np.argsort(models[0][0][:, -1], kind="stable")
    y_ordered, ordered = y[order], [(p[order], threshold) for p, threshold in models]
    drawn: list[list[Scores]] = [[] for _ in models]
    for weights in resamples(y, count, seed, order):
        for scores, (p, threshold) in zip(drawn, ordered, strict=True):
            scores.append(metric_of(metric)(y_ordered, p, weights, threshold))
    return tuple(np.concatenate(scores) for scores in drawn)


def interval(drawn: Scores, y: Truth, confidence: float) -> tuple[float, float]:
    """Return the expanded percentile interval at two-sided `confidence`; NaN if a score is NaN.

    The plain percentile interval is too narrow in small samples: of k rows the bootstrap's variance
    is (k - 1) / k of the true one, and its quantiles are the normal's and not Student's. So the
    tails are taken at ``Phi(sqrt(k / (k - 1)) * t)`` in place of (1 - confidence) / 2, where t is
    Student's quantile with k - 1 degrees of freedom and k the rows of the smallest class (all rows
    of a regression). With k in the hundreds both are the same; with k = 10 the tails of 2.5 % are
    taken at 0.9 %.

    Source: Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician
    69(4), 2015, section 5.3 (expanded percentile interval).
    """
    tail = expanded_tail(y, confidence)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(y: Truth, confidence: float) -> float:
    """Return the share of resamples beyond either end of the interval."""
    from scipy.special import ndtr, stdtrit

    # Rows whose class no model knows (-1) are of no class, however few they are.
    known = y if y.dtype.kind == "f" else y[y >= 0]
    k = max(2, min((len(rows) for rows in strata(known)), default=2))
    return float(ndtr(np.sqrt(k / (k - 1)) * stdtrit(k - 1, (1 - confidence) / 2)))
