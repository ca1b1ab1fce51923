"""Performance by segments: where in the data the champion lost more than chance explains."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from driftloop.base.findings import SegmentPerformance, SegmentStatus
from driftloop.base.scores import metric_name, number
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.evidence import level_of_look
from driftloop.performance.metrics import MetricName, Truth, is_regression, score, strata
from driftloop.performance.realised import MATTERS, PerformanceSettings
from driftloop.performance.segment_rows import Rows, Segment
from driftloop.performance.target import Probabilities

SHARE = 0.5
"""The share of the budgets for false alarms and warnings that segments take from the whole."""

_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Truth (n,), predictions (n, k) and decision threshold."""

    y: Truth
    p: Probabilities
    threshold: float | None = None

    def rows(self, chosen: Rows) -> "ScoredRows":
        """Return some of the rows; those of a regression without a finite label are left out."""
        chosen = chosen & np.isfinite(self.y)
        return ScoredRows(self.y[chosen], self.p[chosen], self.threshold)


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a segment lost against its score on the holdout, and its standard error.

    `freedom` is the rows of the rarest class on either side, less one.
    """

    segment: Segment
    rows: int
    score: float
    elsewhere: float
    baseline: float
    error: float
    freedom: int

    def p_value(self, allowed: float) -> float:
        """Return the chance of so large a loss where no more than `allowed` was lost."""
        from scipy.special import stdtr

        beyond = self.baseline - self.score - allowed
        return float(stdtr(self.freedom, -beyond / self.error)) if self.error > 0 else 1.0


def judge_segments(
    metric: MetricName,
    holdout: ScoredRows,
    window: ScoredRows,
    segments: Iterable[Segment],
    settings: PerformanceSettings,
    margin: float,
    windows_a_year: float,
) -> tuple[SegmentPerformance, ...]:
    """Return how the champion scores in each segment, judged against its holdout there.

    ``fell`` where the segment proves a loss of more than `margin`, ``falling`` where it proves one
    of more than `MATTERS` of it, both at the segments' share of the budgets and by Holm's rule over
    all segments of the window (Scand. J. Statistics 6(2), 1979). The error of a loss is that of
    both scores by the bootstrap, in Student's distribution, because segments are small. Segments
    with too few rows of a class on either side are left out.
    """
    losses = [
        loss
        for segment in segments
        if (loss := _loss(metric, holdout, window, segment, settings)) is not None
    ]
    tests = ((settings.alarm_budget, 1.0), (settings.warning_budget, MATTERS))
    proven: list[set[str]] = []
    for budget, share in tests:
        level = level_of_look(SHARE * budget, windows_a_year)
        proven.append(_by_holm(losses, share * margin, level))
    return tuple(_told(metric, loss, proven, margin) for loss in losses)


def _by_holm(losses: list[_Loss], allowed: float, level: float) -> set[str]:
    """Return the names of the segments that lost more than is allowed."""
    found = set[str]()
    tested = sorted((loss.p_value(allowed), loss.segment.name) for loss in losses)
    for rank, (p_value, name) in enumerate(tested):
        if p_value * (len(tested) - rank) > level:
            break
        found.add(name)
    return found


def _loss(
    metric: MetricName,
    holdout: ScoredRows,
    window: ScoredRows,
    segment: Segment,
    settings: PerformanceSettings,
) -> _Loss | None:
    before, now = holdout.rows(segment.reference), window.rows(segment.current)
    sides, scores, errors, freedom = (before, now), [], [], math.inf
    for side in sides:
        least = min((len(rows) for rows in strata(side.y)), default=0)
        classes = 1 if is_regression(side.y) else 2
        if len(strata(side.y)) < classes or least < settings.minimum_per_class:
            return None
        scores.append(score(metric, side.y, side.p, side.threshold))
        (drawn,) = resampled_scores(metric, side.y, ((side.p, side.threshold),), _RESAMPLES, 0)
        errors.append(float(np.std(drawn)) * math.sqrt(least / (least - 1)))
        freedom = min(freedom, least - 1)
    rest = window.rows(~segment.current)
    elsewhere = score(metric, rest.y, rest.p, rest.threshold)
    error = math.hypot(*errors)
    if not math.isfinite(sum(scores) + error):
        return None
    return _Loss(segment, len(now.y), scores[1], elsewhere, scores[0], error, int(freedom))


def _told(
    metric: MetricName, loss: _Loss, proven: list[set[str]], margin: float
) -> SegmentPerformance:
    name = loss.segment.name
    status: SegmentStatus = "falling" if name in proven[1] else "ok"
    status = "fell" if name in proven[0] else status
    elsewhere = f", {number(loss.elsewhere)} elsewhere" if math.isfinite(loss.elsewhere) else ""
    sentence = (
        f"{metric_name(metric, begins=True)} {number(loss.score)} in {name}{elsewhere}; it was "
        f"{number(loss.baseline)} there on the holdout."
    )
    return SegmentPerformance(
        segment=name,
        rows=loss.rows,
        score=loss.score,
        elsewhere=loss.elsewhere if math.isfinite(loss.elsewhere) else None,
        baseline=loss.baseline,
        p_value=loss.p_value(margin),
        status=status,
        sentence=sentence,
    )
