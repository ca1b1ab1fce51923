"""The difference of two models that the next windows are expected to show, beyond a holdout's rows.

Windows differ by more than their rows do: in a harder week both models change places sooner. So
the interval adds what windows differ by to the error of the rows, as a random effect.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from driftloop.base.periods import Span
from driftloop.base.scores import NextWindows, Score
from driftloop.performance.bootstrap import Model, resampled_scores
from driftloop.performance.evidence import standard_error
from driftloop.performance.metrics import MetricName, Scores, Truth, score, strata

LEAST = 3
"""Windows from which what windows differ by is estimated."""

_ROWS, _RESAMPLES = 10, 200
"""Rows of the rarest class (of a regression: rows) that a window needs, and its resamples."""


@dataclass(frozen=True, slots=True)
class WindowsOfHoldout:
    """The window that each row (n,) of a holdout is of, and scores of earlier ones, newest first.

    `earlier` windows share no rows; their intervals are at two-sided `confidence`.
    """

    length: Span
    of_row: npt.NDArray[np.int64]
    earlier: tuple[Score, ...] = ()
    confidence: float = 0.95


def next_windows(
    metric: MetricName,
    y: Truth,
    models: tuple[Model, Model],
    windows: WindowsOfHoldout,
    whole: tuple[float, float],
    confidence: float,
    seed: int = 0,
) -> NextWindows | None:
    """Return the interval in which a next window's measured difference is expected, or None.

    It is that of the windows of the holdout where there are three. With fewer, windows are taken to
    differ by as much as the champion's scores of three or more earlier ones did. None without
    either: nobody knows then what windows differ by.

    Args:
        metric: what is compared.
        y: the truth of the holdout (n,).
        models: challenger and champion on it.
        windows: the windows of the holdout, and the earlier ones.
        whole: the difference on all of the holdout, and its standard error.
        confidence: two-sided.
        seed: of the resampling.
    """
    held = _differences(metric, y, models, windows.of_row, seed)
    if len(held[0]) >= LEAST:
        ends = prediction(*held, confidence)
        return NextWindows(*ends, windows.length, len(held[0]), "holdout")
    errors = [standard_error(one, windows.confidence) for one in windows.earlier]
    scores = np.array([one.value for one in windows.earlier], dtype=float)
    if len(scores) < LEAST or not np.isfinite([*scores, *errors, *whole]).all():
        return None
    rows = float(np.median([one.rows for one in windows.earlier]))
    known = whole[1] ** 2 * (1 + len(y) / rows)  # of the holdout's rows, and of a next window's
    between, freedom = successive_variance(scores, np.square(np.array(errors)))
    reach = student(freedom, confidence) * math.sqrt(known + 2 * between)
    ends = whole[0] - reach, whole[0] + reach
    return NextWindows(*ends, windows.length, len(scores), "earlier")


def prediction(
    values: Scores, variances: Scores, rows: Scores, confidence: float
) -> tuple[float, float]:
    """Return the interval in which the value of one more window lies, measured on as many rows.

    The value of each window (k,) is that of its own, a random effect, and an error of known
    variance; weights follow the rows. The variance between windows is estimated by moments and is
    at least 0; with Student's quantile for k - 1 degrees of freedom the interval is exact for
    windows of one size.

    Source: DerSimonian & Laird, Controlled Clinical Trials 7(3), 1986 (random effects, moments);
    DerSimonian & Kacker, Contemporary Clinical Trials 28(2), 2007 (with fixed weights); Higgins,
    Thompson & Spiegelhalter, JRSS A 172(1), 2009 (prediction interval).
    """
    share = rows / rows.sum()
    squares, mean = share**2, float(share @ values)
    excess = float(share @ ((values - mean) ** 2 - variances) + squares @ variances)
    between = max(0.0, excess / (1 - float(squares.sum())))
    of_mean = float(squares @ (variances + between))
    total = math.sqrt(between + of_mean + float(np.median(variances)))
    reach = student(len(values) - 1, confidence) * total
    return mean - reach, mean + reach


def successive_variance(values: Scores, variances: Scores) -> tuple[float, float]:
    """Return the variance between windows (k,) beyond known errors, and its degrees of freedom.

    It is taken from each window to the next, so that neither a trend nor another champion on the
    way counts as a difference between windows.

    Source: von Neumann, Kent, Bellinson & Hart, Annals of Mathematical Statistics 12(2), 1941.
    """
    k = len(values)
    found = float(np.mean(np.diff(values) ** 2)) / 2 - float(variances.mean())
    return max(0.0, found), 2 * (k - 1) ** 2 / (3 * k - 4)


def student(freedom: float, confidence: float) -> float:
    """Return Student's quantile at a two-sided confidence."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


def _differences(
    metric: MetricName,
    y: Truth,
    models: tuple[Model, Model],
    of_row: npt.NDArray[np.int64],
    seed: int,
) -> tuple[Scores, Scores, Scores]:
    """Return the difference, its variance and the rows of each window that has enough of them."""
    found = []
    for window in np.unique(of_row):
        rows = np.flatnonzero(of_row == window)
        classes = strata(y[rows])
        if len(classes) < len(strata(y)) or min(map(len, classes)) < _ROWS:
            continue
        one, other = ((p[rows], threshold) for p, threshold in models)
        drawn = resampled_scores(metric, y[rows], (one, other), _RESAMPLES, seed)
        gap = score(metric, y[rows], *one) - score(metric, y[rows], *other)
        found.append((gap, float(np.var(drawn[0] - drawn[1], ddof=1)), float(len(rows))))
    table = np.array(found, dtype=float).reshape(-1, 3)
    table = table[np.isfinite(table).all(axis=1)]
    return table[:, 0], table[:, 1], table[:, 2]
