"""Scores of a classifier, estimated from its calibrated probabilities."""

import math
from typing import ClassVar, Literal

import numpy as np

from driftloop.base.scores import metric_name
from driftloop.performance.estimates.base import (
    Estimate,
    EstimatedScore,
    EstimateInputs,
    HeldOut,
    NoEstimateError,
    Values,
)
from driftloop.performance.estimates.calibration import Calibration, fit_calibration
from driftloop.performance.metrics import BINARY_ONLY, MetricName, Scores, metric_of
from driftloop.performance.target import Probabilities

DRAWS = 100
LEAST_EFFECTIVE = 50.0
"""Rows that a weighted holdout has to be worth."""

_CELLS = 900_000
"""Weights at a time, which bounds the memory."""


class ConfidenceBased(Estimate):
    """Confidence-based estimation: what calibrated probabilities promise.

    The calibration is learned on the holdout, which the model has not seen. It accounts for inputs
    on which the model is less certain, and not for a changed relation of inputs and outcome.

    Source: Bialek et al., Estimating model performance under covariate shift without labels,
    arXiv:2401.08348.
    """

    kind: Literal["confidence_based"] = "confidence_based"
    tasks: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass"})

    def estimate(self, inputs: EstimateInputs) -> EstimatedScore:
        """Return the estimated score; raises `NoEstimateError` where it cannot."""
        calibration = calibration_of(inputs.holdout, self._weights(inputs))
        return _promised(inputs, calibration, self.rows)

    def _weights(self, inputs: EstimateInputs) -> Values | None:
        return None


class Reweighted(ConfidenceBased):
    """The same, with the calibration learned for inputs as they are now.

    Rows of the holdout weigh by how frequent such rows have become, so that a covariate shift does
    not bias the calibration. Where a classifier cannot tell the two apart, all weigh alike.

    Source: Bialek et al., arXiv:2401.08348 (multi-calibration by density ratios); Sugiyama et al.,
    Density ratio estimation in machine learning, 2012, chapter 4.
    """

    kind: Literal["reweighted"] = "reweighted"  # type: ignore[assignment]

    def _weights(self, inputs: EstimateInputs) -> Values | None:
        weights = inputs.density()
        if weights is None:
            return None
        effective = float(weights.sum() ** 2 / np.sum(weights**2))
        if effective < LEAST_EFFECTIVE:
            raise NoEstimateError(
                f"only {effective:.0f} rows of the holdout are like those of the window"
            )
        return weights


def expected_score(
    metric: MetricName, p: Probabilities, q: Probabilities, threshold: float | None = None
) -> float:
    """Return the score that is expected of predictions whose classes have known probabilities.

    Each row counts once for each class, weighted with the probability that it is of that class:
    the score of these weighted rows comes from the expected confusion matrix, ROC or
    precision-recall curve, or log-loss. A ratio of expectations stands for the expectation of the
    ratio, which is alike for more than some hundred rows. NaN without rows, with NaN among the
    probabilities, and for a binary metric of another number of classes than two.

    Args:
        metric: the score, as `driftloop.performance.metrics` defines it.
        p: the predictions that are scored (n, classes); the positive class is last.
        q: probabilities of the classes (n, classes), rows sum to 1.
        threshold: probability from which on a row is positive; None predicts the likeliest class.
    """
    if not len(p) or np.isnan(p).any() or (metric in BINARY_ONLY and p.shape[1] != 2):
        return math.nan
    return float(_weighted(metric, p, q.reshape(1, -1), threshold)[0])


def _weighted(
    metric: MetricName, p: Probabilities, weights: Values, threshold: float | None
) -> Scores:
    """Scores (b,) of rows that count for each class with weights (b, n * classes)."""
    rows, classes = p.shape
    codes = np.tile(np.arange(classes), rows)
    each = np.repeat(p, classes, axis=0)
    size = max(1, _CELLS // weights.shape[1])
    parts = [weights[first : first + size] for first in range(0, len(weights), size)]
    return np.concatenate([metric_of(metric)(codes, each, part, threshold) for part in parts])


def calibration_of(holdout: HeldOut, weights: Values | None = None) -> Calibration:
    """Return the calibration that a holdout teaches; raises `NoEstimateError` without a class."""
    known = holdout.y >= 0
    if len(np.unique(holdout.y[known])) < holdout.p.shape[1]:
        raise NoEstimateError("not every class is in the holdout")
    own = None if weights is None else weights[known]
    return fit_calibration(holdout.y[known], holdout.p[known], own)


def _promised(inputs: EstimateInputs, calibration: Calibration, most: int) -> EstimatedScore:
    """Return the score of predictions whose outcomes come with calibrated probabilities.

    The errors are computed on `most` rows. Raises `NoEstimateError` where the score is undefined.
    """
    metric, threshold, p = inputs.metric, inputs.threshold, inputs.p
    rng, rows = np.random.default_rng(inputs.seed), len(p)
    value = expected_score(metric, p, calibration.apply(p), threshold)
    if math.isnan(value):
        raise NoEstimateError(f"{metric_name(metric)} is undefined on these rows")
    if rows > most:
        p = p[rng.choice(rows, most, replace=False)]
    outcomes = _outcomes(calibration.apply(p), rng)
    on_other_rows = calibration.draws(p, DRAWS, rng).reshape(DRAWS, -1)
    sampling, estimation = (
        float(np.nanstd(_weighted(metric, p, weights, threshold)))
        for weights in (outcomes, on_other_rows)
    )
    return EstimatedScore(value, sampling * math.sqrt(len(p) / rows), estimation)


def _outcomes(q: Probabilities, rng: np.random.Generator) -> Values:
    """Return outcomes drawn with their probabilities, as weights (draws, n * classes)."""
    bounds, classes = q.cumsum(axis=1)[:, :-1], np.eye(q.shape[1])
    drawn = [(rng.random((len(q), 1)) > bounds).sum(axis=1) for _ in range(DRAWS)]
    return np.stack([classes[codes].ravel() for codes in drawn])
