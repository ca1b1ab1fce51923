"""Evidence of a loss that adds up over windows, at a level that holds over a year of looks.

A single window of a few hundred rows rarely proves a loss of some points; three in a row do. But
windows that are judged again and again, alone and together, err again and again. So each look tests
the newest 1, 3, 9, 27, … windows together, because a loss that began lately is diluted by what was
good before, and shares its chance of error among these tests. The chance of a look is the budget of
a year divided by the looks of a year: the expected number of false alarms is then at most the
budget, however the looks depend on each other, and they do, since all share one holdout.

Source: windows-limited scan over the moment of change: Lai, Sequential changepoint detection in
quality control and dynamical systems, JRSS B 57(4), 1995, section 3; a chance of error for each
look: Lai, Information bounds and quick detection of parameter changes in stochastic systems,
IEEE Transactions on Information Theory 44(7), 1998.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import takewhile
from statistics import NormalDist
from typing import NamedTuple

from driftloop.base.scores import PooledScore, Score

MAX_LEVEL = 0.05
NORMAL_95 = 1.959964
"""Standard errors on each side of an interval of 95 %."""

_GROWTH = 3


def level_of_look(budget: float, looks_a_year: float) -> float:
    """Return the chance of a false alarm that a look may have; at most 5 %.

    Args:
        budget: false alarms a year.
        looks_a_year: how often a year something is judged.
    """
    return min(budget / looks_a_year, MAX_LEVEL)


def standard_error(score: Score, confidence: float) -> float:
    """Return the standard error that the width of an interval at two-sided `confidence` implies."""
    return (score.high - score.low) / (2 * NormalDist().inv_cdf((1 + confidence) / 2))


def at_confidence(score: Score, before: float, now: float) -> Score:
    """Return a score with its interval at another two-sided confidence, by the normal limit."""
    ratio = NormalDist().inv_cdf((1 + now) / 2) / NormalDist().inv_cdf((1 + before) / 2)
    low, high = (score.value + ratio * (end - score.value) for end in (score.low, score.high))
    return Score(score.metric, score.value, low, high, score.rows)


def pool(scores: Sequence[Score], confidence: float) -> tuple[float, float]:
    """Return the mean of scores on different rows, weighted by rows, and its standard error.

    Weights of 1 / error² would follow the scores themselves: of two windows of an accuracy of .95,
    the luckier one has the smaller error.
    """
    rows = sum(score.rows for score in scores)
    value = sum(score.rows * score.value for score in scores) / rows
    squares = sum((score.rows * standard_error(score, confidence)) ** 2 for score in scores)
    return value, math.sqrt(squares) / rows


def lengths(windows: int) -> Iterator[int]:
    """Yield how many of the newest windows are tested together: 1, 3, 9, … of those there are."""
    length = 1
    while length <= windows:
        yield length
        length *= _GROWTH


def strongest_loss(
    scores: Sequence[Score],
    expected: tuple[float, float],
    confidence: float,
    freedom: float = math.inf,
) -> PooledScore:
    """Return the newest windows that tell most of a loss, and how probable that is without one.

    Args:
        scores: of windows without common rows, newest first, one or more.
        expected: the score that was expected, and its standard error.
        confidence: of the scores' intervals.
        freedom: of Student's distribution that a loss is compared with.
    """
    tested = [*lengths(len(scores))]
    by = expected, confidence, freedom
    pooled = [_pooled(scores[:length], *by, len(tested)) for length in tested]
    return min(pooled, key=lambda one: one.p_value)


def _pooled(
    scores: Sequence[Score],
    expected: tuple[float, float],
    confidence: float,
    freedom: float,
    tests: int,
) -> PooledScore:
    value, error = pool(scores, confidence)
    chance = chance_below(value - expected[0], math.hypot(error, expected[1]), freedom)
    p_value = min(1.0, tests * chance)
    return PooledScore(len(scores), sum(score.rows for score in scores), value, error, p_value)


def chance_below(difference: float, error: float, freedom: float = math.inf) -> float:
    """Return the chance of a difference this low where there is none.

    By Student's distribution with so many degrees of freedom, or its normal limit.
    """
    if error <= 0:
        return 0.0 if difference < 0 else 1.0
    if math.isfinite(freedom):
        from scipy.special import stdtr

        return float(stdtr(freedom, difference / error))
    return NormalDist().cdf(difference / error)


def since_recovery(lost: Sequence[bool]) -> tuple[int, int]:
    """Return how many of the newest windows follow the last recovery, and how many of them lost.

    Args:
        lost: whether each window counted as lost, newest first.
    """
    opened = len([*takewhile(bool, lost)])
    for place in range(1, len(lost)):
        if lost[place] and not lost[place - 1]:
            return place, opened
    return len(lost), opened


class Bound(NamedTuple):
    """Scores of windows without common rows, newest first, and the value that they are held to.

    `error` is the standard error of that value; 0 where it counts as exact.
    """

    scores: tuple[Score, ...]
    value: float
    error: float = 0.0

    def newest(self, windows: int) -> "Bound":
        """Return the bound of so many of the newest windows."""
        return self._replace(scores=self.scores[:windows])


def recovered(
    limit: Bound, whole: Bound, by: tuple[float, float], freedom: float = math.inf
) -> bool:
    """Return whether some of the newest windows prove a score above a limit, and show no loss.

    Args:
        limit: windows since the trouble began, and the score below which it was lost, as exact.
        whole: the same windows, and the score that is expected.
        by: the two-sided confidence of the scores and of the proof, and the level of a loss.
        freedom: of Student's distribution that differences are compared with.
    """
    confidence, level = by
    tested = [*lengths(min(len(limit.scores), len(whole.scores)))]
    for length in tested:
        value, error = pool(limit.scores[:length], confidence)
        doubt = len(tested) * chance_below(limit.value - value, error, freedom)
        value, error = pool(whole.scores[:length], confidence)
        loss = chance_below(value - whole.value, math.hypot(error, whole.error), freedom)
        if doubt <= (1 - confidence) / 2 and len(tested) * loss > level:
            return True
    return False
