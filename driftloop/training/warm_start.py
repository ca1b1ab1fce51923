"""Continuing from the champion: its preprocessing frozen, its estimator trained further."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.performance.metrics import MetricName
from driftloop.performance.target import Classes
from driftloop.profiling.reference_profile import Features
from driftloop.training.training import (
    Examples,
    TrainingSettings,
    fit_model,
    predict,
    unfitted_pipeline,
)
from driftloop.training.tuning import fit_for_serving

_CHECKED = 1000


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained model, whether it continued from another one, and why or why not."""

    model: Any
    warm: bool
    sentence: str


def train(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    start: Any | None = None,
) -> TrainedModel:
    """Return the trained challenger; with `start` it continues from there where it can.

    Boosting and forests add the configured number of trees, linear models start from the present
    coefficients. A model that continues has also seen the rows that `start` was trained on. Raises
    `TrainingError` if it cannot be trained, or its predictions are not valid numbers.
    """
    why = "It was trained from scratch."
    if settings.warm_start:
        continued = _continued(settings, examples, features, start)
        if isinstance(continued, TrainedModel):
            return _checked(continued, examples)
        why = f"It was trained from scratch: {continued}."
    return _checked(
        TrainedModel(fit_for_serving(settings, examples, features, metric), False, why), examples
    )


def _continued(
    settings: TrainingSettings, examples: Examples, features: Features, start: Any | None
) -> TrainedModel | str:
    from sklearn.frozen import FrozenEstimator
    from sklearn.pipeline import Pipeline

    if start is None:
        return "there is no champion to continue from"
    balanced = settings.imbalance == "balanced"
    fresh, extra = unfitted_pipeline(
        settings.estimator, examples, features, settings.seed, balanced
    )
    why = _differs(start, fresh, examples)
    if why is not None:
        return why
    old, new = deepcopy(start), fresh.named_steps["estimator"]
    estimator, trees = old.named_steps["estimator"], _trees(old.named_steps["estimator"])
    changes = {**new.get_params(deep=False), "warm_start": True}
    if trees is not None:
        name, count = trees
        changes[name] = count + new.get_params()[name]
    estimator.set_params(**changes)
    frozen = FrozenEstimator(old.named_steps["prepare"])
    going = Pipeline([("prepare", frozen), ("estimator", estimator)])
    fit_model(going, settings.estimator, examples, extra)
    estimator.set_params(warm_start=False)
    more = f" with {new.get_params()[trees[0]]} more trees" if trees else ""
    return TrainedModel(old, True, f"It continued from the champion{more}.")


def _differs(start: Any, fresh: Any, examples: Examples) -> str | None:
    """Return why a model cannot be continued as the configured one, or None where it can."""
    steps = getattr(start, "named_steps", {})
    if set(steps) != set(fresh.named_steps):
        return "the champion is calibrated, has a tuned threshold, or is not one of driftloop's"
    old, new = steps["estimator"], fresh.named_steps["estimator"]
    if type(old) is not type(new):
        return f"the champion is a {type(old).__name__}, the challenger a {type(new).__name__}"
    if "warm_start" not in new.get_params():
        return f"{type(new).__name__} cannot continue from where it stopped"
    if _columns(start) != _columns(fresh) or list(start.feature_names_in_) != list(
        map(str, examples.table.columns)
    ):
        return "the features are not those of the champion"
    if isinstance(examples.target, Classes):
        classes = np.unique(examples.target.values(examples.y)).tolist()
        if list(start.classes_.tolist()) != classes:
            return "the classes are not those of the champion"
    return None


def _columns(pipeline: Any) -> list[list[str]]:
    return [list(columns) for _, _, columns in pipeline.named_steps["prepare"].transformers]


def _trees(estimator: Any) -> tuple[str, int] | None:
    """Return the parameter that counts the trees and how many there are; None without trees."""
    parameters = estimator.get_params()
    if "n_estimators" in parameters and hasattr(estimator, "estimators_"):
        return "n_estimators", len(estimator.estimators_)
    if hasattr(estimator, "_predictors"):
        return "max_iter", int(estimator.n_iter_)
    return None


def _checked(trained: TrainedModel, examples: Examples) -> TrainedModel:
    newest = examples.rows(slice(-_CHECKED, None))
    p = predict(trained.model, newest.table, newest.target)
    bad = int((~np.isfinite(p)).any(axis=1).sum())
    if bad:
        raise TrainingError(
            f"the trained model's predictions are not valid numbers on {bad:,} of its "
            f"{len(p):,} newest training rows"
        )
    return trained
