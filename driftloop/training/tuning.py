"""Calibrated probabilities, and the probability from which a row is predicted positive.

Both are learned from out-of-fold predictions: on its own training rows a model is overconfident.
"""

import warnings
from typing import Any

import numpy as np

from driftloop.base.errors import TrainingError, reason
from driftloop.performance.metrics import MetricName, score
from driftloop.performance.target import Classes, Codes, Probabilities
from driftloop.profiling.reference_profile import Features
from driftloop.training.training import (
    Examples,
    TrainingSettings,
    estimator_name,
    fit_model,
    unfitted_pipeline,
)

FOLDS, THRESHOLDS = 5, 200


def fit_for_serving(
    settings: TrainingSettings, examples: Examples, features: Features, metric: MetricName
) -> Any:
    """Return the model as it will serve: balanced, calibrated and with a threshold, as configured.

    The model is trained on all rows. Folds are runs in time order of each class.

    Source: scikit-learn ``CalibratedClassifierCV(ensemble=False)``, ``FixedThresholdClassifier``;
    Platt, Probabilistic outputs for support vector machines, 1999 (sigmoid); Zadrozny & Elkan,
    KDD 2002 (isotonic).

    Raises `TrainingError` if the estimator raises, or a class has too few rows for two folds.
    """
    from sklearn.calibration import CalibratedClassifierCV

    model: Any
    balanced, seed = settings.imbalance == "balanced", settings.seed
    model, extra = unfitted_pipeline(settings.estimator, examples, features, seed, balanced)
    if settings.calibration != "none":
        folds = _folds(examples, "calibration")
        model = CalibratedClassifierCV(model, method=settings.calibration, cv=folds, ensemble=False)
    threshold = None
    if settings.threshold == "tuned":
        p = _out_of_fold(model, settings, examples, extra)
        threshold = best_threshold(metric, examples.y, p)
    model = fit_model(model, settings.estimator, examples, extra)
    return model if threshold is None else _with_threshold(model, threshold, examples)


def best_threshold(metric: MetricName, y: Codes, p: Probabilities) -> float:
    """Return the probability of the positive class from which predicting it scores best.

    Tried are 0.5 and quantiles of the predictions; of equally good ones the nearest to 0.5 wins.
    """
    tried = np.append(np.unique(np.quantile(p[:, -1], np.linspace(0, 1, THRESHOLDS))), 0.5)
    tried = tried[np.argsort(np.abs(tried - 0.5), kind="stable")]
    scores = np.array([score(metric, y, hard_predictions(p, threshold)) for threshold in tried])
    if np.isnan(scores).all():
        return 0.5
    return float(tried[np.nanargmax(scores)])


def hard_predictions(p: Probabilities, threshold: float) -> Probabilities:
    """Return 1 for the class predicted for each row at a threshold, 0 for the other (n, 2)."""
    positive = p[:, -1] >= threshold
    return np.column_stack([~positive, positive]).astype(np.float64)


def at_best_threshold(
    settings: TrainingSettings, metric: MetricName, y: Codes, p: Probabilities
) -> Probabilities:
    """Return predictions as validation scores them: at their best threshold where one is tuned.

    That score is too good, as much for one proposal as for another.
    """
    if settings.threshold == "fixed" or np.isnan(p).any() or not len(y):
        return p
    return hard_predictions(p, best_threshold(metric, y, p))


def _out_of_fold(
    model: Any, settings: TrainingSettings, examples: Examples, extra: dict[str, Any]
) -> Probabilities:
    from sklearn.model_selection import cross_val_predict

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            p = cross_val_predict(
                model,
                examples.table,
                examples.y,
                cv=_folds(examples, "threshold"),
                method="predict_proba",
                params=extra,
            )
    except Exception as error:  # an estimator named by its path may raise anything
        cause = reason(error, map(str, examples.table.columns))
        name = estimator_name(settings.estimator)
        raise TrainingError(f"{name} could not be trained: {cause}") from error
    probabilities: Probabilities = np.asarray(p, dtype=np.float64)
    return probabilities


def _folds(examples: Examples, what: str) -> Any:
    from sklearn.model_selection import StratifiedKFold

    rarest = int(np.unique(examples.y, return_counts=True)[1].min())
    if rarest < 2:
        raise TrainingError(
            f"training.{what} needs two rows of each class to make folds; the rarest has {rarest}"
        )
    return StratifiedKFold(n_splits=min(FOLDS, rarest), shuffle=False)


def _with_threshold(model: Any, threshold: float, examples: Examples) -> Any:
    """Wrap a fitted model, so that it serves the predictions that were judged."""
    from sklearn.model_selection import FixedThresholdClassifier

    assert isinstance(examples.target, Classes)
    positive = examples.target.values(np.array([1]))[0].item()
    return FixedThresholdClassifier(
        model, threshold=threshold, pos_label=positive, response_method="predict_proba"
    )
