"""Scores of a regression, estimated by a model of its errors."""

import math
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.parallel import one_thread
from driftloop.performance.estimates.base import (
    Estimate,
    EstimatedScore,
    EstimateInputs,
    NoEstimateError,
    Values,
)
from driftloop.performance.value_metric import unit_of_error

LEAST_ROWS = 200
_HALVES = 2


class ErrorModel(Estimate):
    """A model of the champion's error, learned on the holdout from inputs and prediction.

    Gradient boosting learns the squared (of MAE the absolute) error. Each half of the holdout is
    predicted by the model of the other half, and what they were wrong by on average corrects the
    estimate. It accounts for inputs on which the champion errs more, and not for a changed relation
    of inputs and outcome.

    Source: direct loss estimation, NannyML; the correction is that of prediction-powered inference,
    Angelopoulos et al., Science 382, 2023.
    """

    kind: Literal["error_model"] = "error_model"
    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})

    def estimate(self, inputs: EstimateInputs) -> EstimatedScore:
        """Return the estimated score; raises `NoEstimateError` where it cannot."""
        y, predicted = inputs.holdout.y, inputs.holdout.p[:, 0]
        if len(y) < LEAST_ROWS:
            raise NoEstimateError(f"the holdout has {len(y)} rows, {LEAST_ROWS} are needed")
        errors = np.abs(y - predicted)
        losses = errors if _absolute(inputs.metric) else errors**2
        before, now = _expected_losses(inputs, losses)
        correction = losses - before
        mean = max(0.0, float(now.mean() + correction.mean()))
        spread = float(correction.std())
        sampling = spread / math.sqrt(len(now))
        estimation = math.hypot(spread / math.sqrt(len(y)), float(now.std()) / math.sqrt(len(y)))
        return _as_score(inputs, mean, sampling, estimation)


def _absolute(metric: str) -> bool:
    """Say whether a metric is a mean of absolute errors, in whichever unit."""
    return metric == "neg_mae" or unit_of_error(metric) is not None


@one_thread()
def _expected_losses(inputs: EstimateInputs, losses: Values) -> tuple[Values, Values]:
    """Return the expected loss of each row: of the holdout out of sample, and in question."""
    before, now = feature_tables(inputs)
    half = np.random.default_rng(inputs.seed).permutation(len(losses)) % _HALVES
    expected, ahead = np.empty(len(losses)), np.zeros(len(now))
    for number in range(_HALVES):
        model = _boosting(inputs.seed).fit(before[half != number], losses[half != number])
        expected[half == number] = model.predict(before[half == number])
        ahead += model.predict(now) / _HALVES
    return expected, ahead


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=50, learning_rate=0.2, random_state=seed)


def feature_tables(inputs: EstimateInputs) -> tuple[Values, Values]:
    """Return features and predictions of the holdout and of the rows in question as numbers.

    Raises `NoEstimateError` where the features are not the same.
    """
    levels = _levels(inputs.holdout.features)
    before = _table(inputs.holdout.features, inputs.holdout.p, levels)
    now = _table(inputs.features, inputs.p, levels)
    if now.shape[1] != before.shape[1]:
        raise NoEstimateError("the features are not those of the holdout")
    return before, now


def _levels(features: pd.DataFrame) -> dict[str, "pd.Index[Any]"]:
    """Return the categories of each non-numeric feature, the most frequent first."""
    texts = features.select_dtypes(exclude="number").columns
    return {name: features[name].value_counts().index for name in texts}


def _table(
    features: pd.DataFrame, p: Values, levels: dict[str, "pd.Index[Any]"]
) -> npt.NDArray[Any]:
    """Return the features and the prediction as one array, missing where they are not known.

    Categories are numbered by how frequent they are in the holdout.
    """
    numeric = features.select_dtypes("number").to_numpy(dtype=float)
    finite = np.where(np.isinf(numeric), np.nan, numeric)
    codes = [
        known.get_indexer(pd.Index(features[name])).astype(float)
        for name, known in levels.items()
        if name in features
    ]
    places = [np.where(code < 0, np.nan, code) for code in codes]
    return np.column_stack([finite, *places, p[:, 0]])


def _as_score(
    inputs: EstimateInputs, mean: float, sampling: float, estimation: float
) -> EstimatedScore:
    """Return the metric that a mean loss stands for, by the delta method."""
    if _absolute(inputs.metric):
        unit = unit_of_error(inputs.metric) or 1.0
        return EstimatedScore(-mean * unit, sampling * unit, estimation * unit)
    if inputs.metric == "neg_rmse":
        root = math.sqrt(mean)
        if root == 0:
            raise NoEstimateError("no error is expected")
        return EstimatedScore(-root, sampling / (2 * root), estimation / (2 * root))
    predicted, old = inputs.p[:, 0], inputs.holdout.p[:, 0]
    errors = inputs.holdout.y - old
    slope = float(np.cov(old, errors)[0, 1] / old.var()) if old.var() > 0 else 0.0
    spread = float(predicted.var()) * (1 + 2 * slope) + mean
    if spread <= 0:
        raise NoEstimateError("the label is not expected to vary")
    return EstimatedScore(1 - mean / spread, sampling / spread, estimation / spread)
