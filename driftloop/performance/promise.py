"""A promise kept: what a champion promised of labelled rows, against what came true.

Harder inputs lower the promise with the score. Where the same inputs lead to other outcomes, the
promise stays and is broken, also where the score still holds. Classes are compared by the mean
log-probability that the calibrated champion gave to what came true: a relation may change much
before the order of the rows does, and with it ROC AUC. Source: Gneiting & Raftery,
Strictly proper scoring rules, prediction, and estimation, JASA 102, 2007.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

import numpy as np

from driftloop.base.findings import Performance, Promise, PromiseStatus
from driftloop.base.scores import PooledScore, Score, metric_name, score_text
from driftloop.performance.estimates.base import (
    Estimate,
    EstimatedScore,
    EstimateInputs,
    NoEstimateError,
)
from driftloop.performance.estimates.calibration import Calibration
from driftloop.performance.estimates.confidence_based import calibration_of
from driftloop.performance.estimates.error_model import ErrorModel
from driftloop.performance.estimates.past_gaps import estimate_gap
from driftloop.performance.evidence import (
    MAX_LEVEL,
    NORMAL_95,
    Bound,
    level_of_look,
    recovered,
    since_recovery,
    strongest_loss,
)
from driftloop.performance.level import TrackRecord
from driftloop.performance.metrics import Truth, is_regression, score
from driftloop.performance.no_skill import allowed_loss
from driftloop.performance.relation import RelationChange, relation_change
from driftloop.performance.target import Probabilities

RELEVANT = 0.25
"""The share of the allowed loss up to which a shortfall breaks no promise."""

LEAST = 0.02
"""Probabilities count as no less: what happens once in some hundred rows is promised by too few."""

WINDOWS_DIFFER = 1.5
"""Factor on the sampling error: windows differ by more than independent outcomes would.

In a made-up year without any change the shortfalls of weeks spread 1.35 times as far.
"""

_TAIL = 8 / 18
"""(z² - 1) / 6z of the third term of Cornish & Fisher, at z = 3."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A window's score less what was promised of it, and the error of all promises alike."""

    gap: Score
    promised: float
    estimation: float


def shortfall(inputs: EstimateInputs, y: Truth) -> Shortfall:
    """Return what labelled rows (n,) scored beyond the promise; below 0 where it was broken.

    Raises `NoEstimateError` where nothing can be promised.
    """
    if is_regression(y):
        promised = ErrorModel().estimate(inputs)
        scored = score(inputs.metric, y, inputs.p)
        return _shortfall(inputs.metric, promised, scored, len(y))
    calibration = calibration_of(inputs.holdout)
    q = calibration.apply(inputs.p)
    scores = np.log(np.maximum(q, LEAST))
    each = scores[np.arange(len(y)), y]
    return _shortfall("neg_log_loss", _promised(inputs, calibration, q), float(each.mean()), len(y))


def _promised(inputs: EstimateInputs, calibration: Calibration, q: Probabilities) -> EstimatedScore:
    """Return the expected logarithmic score of rows with class probabilities (n, classes).

    The mean and the deviation are those of outcomes with these probabilities. The deviation is
    widened to that of the lower tail three deviations out, by the skewness (Cornish & Fisher,
    1938). The mean is less one over the rows of the holdout for each parameter that was fitted to
    them (Burnham & Anderson, Model Selection and Multimodel Inference, 2002, chapter 7).
    """
    scores = np.log(np.maximum(q, LEAST))
    expected = (q * scores).sum(axis=1, keepdims=True)
    gaps = scores - expected
    variance, third = (float((q * gaps**power).sum(axis=1).mean()) for power in (2, 3))
    rows = len(q)
    skewness = third / max(variance, 1e-12) ** 1.5 / math.sqrt(rows)
    sampling = math.sqrt(variance / rows) * (1 + max(0.0, -skewness) * _TAIL)
    fitted = (len(calibration.parameters) - 1) / len(inputs.holdout.y)
    error = calibration.error_of_mean(inputs.p, q * gaps)
    return EstimatedScore(float(expected.mean()) - fitted, sampling, error)


def _shortfall(metric: str, promised: EstimatedScore, scored: float, rows: int) -> Shortfall:
    gap, reach = scored - promised.value, NORMAL_95 * promised.sampling
    if not math.isfinite(gap + reach):
        raise NoEstimateError("the promise is undefined on these rows")
    window = Score(metric, gap, gap - reach, gap + reach, rows)
    return Shortfall(window, promised.value, promised.estimation)


def with_promise(
    performance: Performance,
    inputs: EstimateInputs,
    y: Truth,
    method: Estimate,
    record: TrackRecord,
    budget: float,
) -> Performance:
    """Return the performance on labelled rows (n,) with what was promised and estimated of them.

    `inputs` are these rows by the model that was compared, `budget` is as of `judge_promise`. Where
    nothing can be promised the performance stays as it is.
    """
    metric = inputs.metric
    try:
        now, expected = shortfall(inputs, y), method.estimate(inputs)
    except NoEstimateError:
        return performance
    try:
        relation = relation_change(inputs, y)
    except NoEstimateError:
        relation = None
    own = allowed_loss(metric, y, performance.baseline or performance.score or 0.0)
    tolerance = (performance.margin or own) / own if own else 1.0
    promise = judge_promise(now, y, record, budget, tolerance, relation)
    scored = score(metric, y, inputs.p, inputs.threshold)
    gap = estimate_gap(metric, scored, expected, len(y))
    return replace(performance, estimated=expected.value, promise=promise, gap=gap)


def judge_promise(
    now: Shortfall,
    y: Truth,
    record: TrackRecord,
    budget: float,
    tolerance: float = 1.0,
    relation: RelationChange | None = None,
) -> Promise:
    """Return whether the promises of the windows since the promotion were kept.

    ``broken`` where they provably fall short by more than a quarter of the loss that is allowed, or
    the relation of this window's inputs and outcomes provably changed by what costs as much. Either
    test has half of the budget. It stays so until windows since prove that less is missing than was
    found, and show nothing: one that is too small to have seen it settles nothing.

    Args:
        now: of this window.
        y: its outcomes (n,).
        record: what earlier runs know.
        budget: false findings a year.
        tolerance: the margin of performance in units of the loss that would be allowed.
        relation: how much it changed; None where that is not tested.
    """
    metric, tests = now.gap.metric, 1 if relation is None else 2
    gaps = tuple(_widened(gap) for gap in (now.gap, *record.promises))
    least = tolerance * RELEVANT * allowed_loss(metric, y, now.promised)
    level = level_of_look(budget, record.windows_a_year) / tests
    short = Bound(gaps, -least, now.estimation)
    missing = _suspicion(short, _broke(record, "score"), level, len(gaps))
    found = {"score": missing}
    if relation is not None:
        known = [one for one in record.relations if one is not None]
        sizes = Bound((relation.as_score(len(y)), *known), -tolerance * RELEVANT * relation.allowed)
        found["relation"] = _suspicion(sizes, _broke(record, "relation"), level, 1)
    proven = [name for name, one in found.items() if one.strongest.p_value <= level]
    broken = tuple(name for name, one in found.items() if name in proven or one.unsettled)
    if relation is None and any(_broke(record, "relation")[:1]):
        broken += ("relation",)
    status: PromiseStatus = "broken" if broken else "kept"
    return Promise(
        status,
        now.gap,
        now.promised,
        now.promised + now.gap.value,
        missing.strongest.windows,
        min(1.0, tests * min(one.strongest.p_value for one in found.values())),
        _sentence(now, missing.strongest, proven, broken),
        None if relation is None else found["relation"].strongest.p_value,
        bool(proven) or not broken,
        broken,
        None if relation is None else relation.as_score(len(y)),
    )


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """The windows that tell most of a broken promise, and whether an earlier finding stands."""

    strongest: PooledScore
    unsettled: bool


def _suspicion(bound: Bound, broken: Sequence[bool], level: float, most: int) -> _Suspicion:
    """Return what windows tell of a broken promise, up to `most` together.

    `broken` says of each earlier window, newest first, whether it counted as that.
    """
    count, opened = since_recovery(broken)

    def strongest(first: int) -> PooledScore:
        scores = bound.scores[first : min(1 + count, first + most)]
        return strongest_loss(scores, (bound.value, bound.error), 0.95)

    if not opened or strongest(0).p_value <= level:
        return _Suspicion(strongest(0), unsettled=False)
    since = bound.newest(min(opened, most))
    less_than_found = Bound(since.scores, strongest(opened).score)
    return _Suspicion(strongest(0), not recovered(less_than_found, since, (0.95, MAX_LEVEL)))


def _broke(record: TrackRecord, test: str) -> list[bool]:
    """Return of each earlier window in which a test was done whether it broke the promise."""
    every = zip_longest(record.promises, record.broken, record.relations)
    done = [broken or () for _, broken, size in every if test == "score" or size is not None]
    return [test in broken for broken in done]


def _sentence(
    now: Shortfall, pooled: PooledScore, proven: list[str], broken: tuple[str, ...]
) -> str:
    metric, shown = now.gap.metric, partial(score_text, now.gap.metric)
    over = (
        f" (over {pooled.windows} windows {shown(pooled.score, '+')})" if pooled.windows > 1 else ""
    )
    name = f"{_ARTICLES.get(metric, 'a')} {metric_name(metric)}"
    scored = shown(now.promised + now.gap.value)
    text = f"{name} of {shown(now.promised)} on these rows and reached {scored}{over}"
    text += "; where it errs has changed beyond chance" if proven == ["relation"] else ""
    if proven:
        text += ": the same inputs now lead to other outcomes"
    elif broken:
        text += ": the promise was broken before, and it is not proven that it is kept again"
    return f"The champion promised {text}."


_ARTICLES = {"neg_rmse": "an", "neg_mae": "an", "r2": "an"}


def _widened(gap: Score) -> Score:
    """Return a window's gap with the error that windows show, not that of its rows alone."""
    reach = WINDOWS_DIFFER * (gap.high - gap.low) / 2
    return replace(gap, low=gap.value - reach, high=gap.value + reach)
