"""A promise kept: what a champion promised of labelled rows, against what came true.

Harder inputs lower the promise with the score. Where the same inputs lead to other outcomes, the
promise stays and is broken, also where the score still holds. Classes are compared by the mean
log-probability that the calibrated champion gave to what came true, a proper score: a relation may
change much before the order of the rows does, and with it ROC AUC. Source: Gneiting & Raftery,
Strictly proper scoring rules, prediction, and estimation, JASA 102, 2007.
"""

import math
from dataclasses import dataclass, replace

from driftloop.base.findings import Promise, PromiseStatus
from driftloop.base.scores import Score, metric_name
from driftloop.performance.estimates.base import EstimateInputs, NoEstimateError
from driftloop.performance.estimates.confidence_based import calibration_of, promised_score
from driftloop.performance.estimates.error_model import ErrorModel
from driftloop.performance.evidence import level_of_look, strongest_loss
from driftloop.performance.level import TrackRecord
from driftloop.performance.metrics import MetricName, Truth, allowed_loss, is_regression, score

RELEVANT = 0.5
"""The share of the allowed loss below which a broken promise is not called one."""

ROWS = 5000
"""Most rows that the errors of a promise are computed on."""

_NORMAL_95 = 1.959964


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
    metric: MetricName = inputs.metric
    if is_regression(y):
        promised, scored = ErrorModel().estimate(inputs), score(metric, y, inputs.p)
    else:
        metric, calibration = "neg_log_loss", calibration_of(inputs.holdout)
        q = calibration.apply(inputs.p)
        promised = promised_score(replace(inputs, metric=metric), q, calibration, ROWS)
        scored = score(metric, y, q)
    value = promised.value - (0.0 if is_regression(y) else _optimism(inputs))
    gap, reach = scored - value, _NORMAL_95 * promised.sampling
    if not math.isfinite(gap + reach):
        raise NoEstimateError("the promise is undefined on these rows")
    window = Score(metric, gap, gap - reach, gap + reach, len(y))
    return Shortfall(window, value, promised.estimation)


def _optimism(inputs: EstimateInputs) -> float:
    """Return how much too high an expected log-likelihood is by what was fitted to the holdout.

    One over its rows for each parameter, of which the classes have two each, less one. Source:
    Takeuchi; Burnham & Anderson, Model Selection and Multimodel Inference, 2002, chapter 7.
    """
    return (2 * inputs.p.shape[1] - 1) / len(inputs.holdout.y)


def judge_promise(now: Shortfall, y: Truth, record: TrackRecord, budget: float) -> Promise:
    """Return whether the promises of the windows since the promotion were kept.

    ``broken`` where they were not, beyond chance, by half of the loss that is allowed.

    Args:
        now: of this window.
        y: its outcomes (n,).
        record: what earlier runs know.
        budget: false findings a year.
    """
    gaps = (now.gap, *record.promises)
    pooled = strongest_loss(gaps, (0.0, now.estimation), 0.95)
    least = RELEVANT * allowed_loss(_name(now.gap.metric), y, now.promised)
    broken = pooled.p_value <= level_of_look(budget, record.windows_a_year)
    broken = broken and pooled.score < -least
    scored, name = now.promised + now.gap.value, metric_name(now.gap.metric)
    over = f" (over {pooled.windows} windows {pooled.score:+.3f})" if pooled.windows > 1 else ""
    text = f"a {name} of {now.promised:.3f} on these rows and reached {scored:.3f}{over}"
    sentence = (
        f"The champion promised {text}: the same inputs now lead to other outcomes."
        if broken
        else f"The champion promised {text}."
    )
    status: PromiseStatus = "broken" if broken else "kept"
    return Promise(status, now.gap, now.promised, scored, pooled.windows, pooled.p_value, sentence)


def _name(metric: str) -> MetricName:
    return metric  # type: ignore[return-value]
