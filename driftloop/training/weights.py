"""Weights of training rows: by age, and so that all classes count equally."""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import TrainingError
from driftloop.base.periods import Span
from driftloop.profiling.variation import column_time

Weights = npt.NDArray[np.float64]


def recency_weights(
    times: npt.NDArray[np.datetime64], end: datetime, half_life: Span | None
) -> Weights | None:
    """Return the weights of rows (n,), halved with every half-life before `end`; None without one.

    Source: exponential forgetting, as in Koychev, Gradual forgetting for adaptation to concept
    drift, ECAI workshop, 2000.
    """
    if half_life is None:
        return None
    age = (column_time(end) - times) / np.timedelta64(1, "D")
    weights: Weights = np.exp2(-age / half_life.days)
    return weights


def fitting_weights(
    model: Any, name: str, y: npt.NDArray[Any], recency: Weights | None, balanced: bool
) -> Weights | None:
    """Return the weights that an unfitted scikit-learn estimator takes (n,), None for none.

    Classes are balanced by the estimator's own parameter, which is set, or else by the weights.
    Raises `TrainingError` if it knows neither.
    """
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.validation import has_fit_parameter

    own = balanced and "class_weight" in model.get_params()
    if own:
        model.set_params(class_weight="balanced")
    if recency is None and (own or not balanced):
        return None
    if not has_fit_parameter(model, "sample_weight"):
        if balanced and not own:
            raise TrainingError(
                f"{name} supports neither class_weight nor sample_weight, so training.imbalance "
                "cannot be balanced; valid: none"
            )
        raise TrainingError(f"{name} supports no sample_weight: remove training.half_lives")
    weights: Weights = np.ones(len(y)) if recency is None else recency
    return weights if own or not balanced else weights * compute_sample_weight("balanced", y)
