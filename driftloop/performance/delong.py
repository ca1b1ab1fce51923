"""Areas under ROC curves with their variance, by DeLong's placements."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = npt.NDArray[np.float64]


def placements(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Values, Values]:
    """Return the share of the other class that each row beats, ties counting half.

    For a positive row (m,) that is the share of negatives with a smaller score, V10; for a
    negative row (n,) the share of positives with a larger one, V01. The mean of either is the
    area under the ROC curve. Costs O(N log N), by midranks.

    Args:
        y: true for positive rows (N,); both classes must occur.
        score: larger where positive is likelier (N,).

    Source: DeLong, DeLong & Clarke-Pearson, Biometrics 44(3), 1988; midranks: Sun & Xu, IEEE
    Signal Processing Letters 21(11), 2014.
    """
    positive = np.asarray(y, dtype=bool)
    value = np.asarray(score, dtype=np.float64)
    above, below = value[positive], value[~positive]
    every, within_above, within_below = (_midranks(part) for part in (value, above, below))
    wins = (every[positive] - within_above) / len(below)
    losses = (every[~positive] - within_below) / len(above)
    return wins, 1.0 - losses


def auc_variance(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[float, float]:
    """Return the area under the ROC curve and its variance, ``var(V10)/m + var(V01)/n``.

    NaN with a single row in a class. 0 where the classes are separated without error, which
    only means that more rows are needed to see one.
    """
    wins, losses = placements(y, score)
    return float(wins.mean()), _variance(wins, losses)


def delong_test(
    y: npt.ArrayLike, score_a: npt.ArrayLike, score_b: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float, float, float]:
    """Return difference of two areas, z, two-sided p-value and the interval of the difference.

    Both scores are of the same rows. ``Z = (A1 - A2) / sqrt(S11 + S22 - 2 S12)`` with
    ``S = cov(V10)/m + cov(V01)/n``. Scores that rank all rows alike differ by 0 without doubt
    (p = 1); a difference without variance is NaN in z and p.

    Args:
        y: true for positive rows (N,).
        score_a: scores of the first model (N,).
        score_b: scores of the second model (N,).
        confidence: two-sided confidence of the interval.

    Source: DeLong, DeLong & Clarke-Pearson, Biometrics 44(3), 1988; R package pROC, ``roc.test``.
    """
    from scipy.special import ndtr, ndtri

    first, second = placements(y, score_a), placements(y, score_b)
    difference = float(first[0].mean() - second[0].mean())
    deviation = math.sqrt(_variance(first[0] - second[0], first[1] - second[1]))
    if deviation == 0.0:
        same = difference == 0.0
        z, p = (0.0, 1.0) if same else (math.nan, math.nan)
        return difference, z, p, difference, difference
    z = difference / deviation
    reach = float(ndtri((1 + confidence) / 2)) * deviation
    return difference, z, float(2 * ndtr(-abs(z))), difference - reach, difference + reach


def _variance(wins: Values, losses: Values) -> float:
    """Return var(V10)/m + var(V01)/n; NaN with a single row in a class.

    Of the differences of two scores' placements it is S11 + S22 - 2 S12.
    """
    if min(len(wins), len(losses)) < 2:
        return math.nan
    return float(wins.var(ddof=1) / len(wins) + losses.var(ddof=1) / len(losses))


def _midranks(values: Values) -> Values:
    """Return ranks from 1, equal values sharing the mean of theirs."""
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)
