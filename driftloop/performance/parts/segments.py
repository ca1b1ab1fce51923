"""Performance by segments: where in the data the champion lost more than chance explains."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from driftloop.base.findings import SegmentPerformance, SegmentStatus
from driftloop.base.scores import PooledScore, Score, metric_name, score_text
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.evidence import (
    NORMAL_95,
    Bound,
    level_of_look,
    recovered,
    since_recovery,
    strongest_loss,
)
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.metrics import MetricName, Truth, is_regression, score, strata
from driftloop.performance.parts.segment_rows import Rows, Segment
from driftloop.performance.realised import MATTERS, PerformanceSettings
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
    """The scores of a segment, newest first, against its score on the holdout.

    They are those since its last recovery; in the newest `lost` of earlier windows it had lost.
    `error` is the standard error of the holdout's score, `freedom` the rows of the rarest class of
    the window or the holdout, less one.
    """

    segment: Segment
    scores: tuple[Score, ...]
    elsewhere: float
    baseline: float
    error: float
    freedom: int
    lost: int

    def pooled(self, allowed: float) -> PooledScore:
        """Return the newest windows that tell most of a loss of more than `allowed`."""
        expected = self.baseline - allowed, self.error
        return strongest_loss(self.scores, expected, 0.95, self.freedom)

    def recovered(self, allowed: float, level: float) -> bool:
        """Return whether a loss has ended: the rule of the whole window."""
        since = self.scores[: 1 + self.lost]
        limit = Bound(since, self.baseline - allowed)
        whole = Bound(since, self.baseline, self.error)
        return self.lost > 0 and recovered(limit, whole, (0.95, level), self.freedom)


def judge_segments(
    metric: MetricName,
    holdout: ScoredRows,
    window: ScoredRows,
    segments: Iterable[Segment],
    settings: PerformanceSettings,
    margin: float,
    record: TrackRecord = NO_RECORD,
) -> tuple[SegmentPerformance, ...]:
    """Return how the champion scores in each segment, judged against its holdout there.

    ``fell`` where a segment's newest windows, together, prove a loss of more than `margin`,
    ``falling`` where they prove one of more than `MATTERS` of it, and after either until a recovery
    is proven; at the segments' share of the budgets and by Holm's rule over all segments of the
    window that have not recovered (Scand. J. Statistics 6(2), 1979). The error of a loss is that of
    the scores by the bootstrap, in Student's distribution, because segments are small. Segments
    with too few rows of a class on either side are left out.
    `record` is what earlier runs know.
    """
    losses = [
        loss
        for segment in segments
        if (loss := _loss(metric, holdout, window, segment, settings, record)) is not None
    ]
    page, warning = (
        level_of_look(SHARE * budget, record.windows_a_year)
        for budget in (settings.alarm_budget, settings.warning_budget)
    )
    suspect = [loss for loss in losses if not loss.recovered(margin, warning)]
    fell = _by_holm(suspect, margin, page)
    falling = _by_holm(suspect, MATTERS * margin, warning)
    unsettled = {loss.segment.name for loss in suspect if loss.lost} - fell - falling
    return tuple(_told(metric, loss, (fell, falling, unsettled), margin) for loss in losses)


def _by_holm(losses: list[_Loss], allowed: float, level: float) -> set[str]:
    """Return the names of the segments that lost more than is allowed."""
    found = set[str]()
    tested = sorted((loss.pooled(allowed).p_value, loss.segment.name) for loss in losses)
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
    record: TrackRecord,
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
    if not math.isfinite(sum(scores) + sum(errors)):
        return None
    reach = NORMAL_95 * errors[1]
    newest = Score(metric, scores[1], scores[1] - reach, scores[1] + reach, len(now.y))
    were_lost = dict(enumerate(record.lost_segments))
    known = [
        (run[segment.name], segment.name in were_lost.get(place, ()))
        for place, run in enumerate(record.segments)
        if segment.name in run and run[segment.name].metric == metric
    ]
    count, lost = since_recovery([one for _, one in known])
    scored = newest, *(score for score, _ in known[:count])
    return _Loss(segment, scored, elsewhere, scores[0], errors[0], int(freedom), lost)


def _told(
    metric: MetricName, loss: _Loss, lost: tuple[set[str], set[str], set[str]], margin: float
) -> SegmentPerformance:
    name, now, pooled = loss.segment.name, loss.scores[0], loss.pooled(margin)
    fell, falling, unsettled = lost
    status: SegmentStatus = "falling" if name in falling | unsettled else "ok"
    status = "fell" if name in fell else status
    shown = partial(score_text, metric)
    elsewhere = f", {shown(loss.elsewhere)} elsewhere" if math.isfinite(loss.elsewhere) else ""
    over = f" ({shown(pooled.score)} over {pooled.windows} windows)" if pooled.windows > 1 else ""
    sentence = (
        f"{metric_name(metric, begins=True)} {shown(now.value)}{over} in {name}{elsewhere}; it "
        f"was {shown(loss.baseline)} there on the holdout"
        f"{'; a recovery is not proven yet' if name in unsettled else ''}."
    )
    return SegmentPerformance(
        segment=name,
        rows=now.rows,
        score=now.value,
        elsewhere=loss.elsewhere if math.isfinite(loss.elsewhere) else None,
        baseline=loss.baseline,
        p_value=pooled.p_value,
        status=status,
        sentence=sentence,
        windows=pooled.windows,
        realised=now,
    )
