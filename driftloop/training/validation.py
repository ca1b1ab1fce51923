"""Validation in time order: the search problem of an estimator on labelled rows."""

from collections.abc import Callable

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.performance.metrics import MetricName, score
from driftloop.performance.target import Classes
from driftloop.profiling.reference_profile import Features
from driftloop.training.search.base import Rows, SearchProblem, SearchTrial
from driftloop.training.search.space import Parameters
from driftloop.training.training import (
    Examples,
    TrainingSettings,
    current_setting,
    fit,
    predict,
    with_settings,
)
from driftloop.training.tuning import at_best_threshold

_ROWS_PER_CLASS, _ROWS = 5, 30


def search(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[SearchTrial, ...]:
    """Return the trials of the configured search, best first; the same rows give the same winner.

    The examples are training rows in time order, without a row of the holdout. The parameters of a
    trial are the settings that differ from the configured ones. Raises `TrainingError` if the
    configured settings cannot be trained, or there are too few rows.
    """
    if not settings.search.space or settings.search.trials == 0:
        return (SearchTrial({}, float("nan")),)
    problem = search_problem(settings, examples, features, metric, on_trial)
    return settings.search.search(problem, settings.seed)


def search_problem(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> SearchProblem:
    """Return the folds that each train on the past and score what follows, and how.

    Folds whose score is undefined, as of one class, are left out. Source: scikit-learn
    ``TimeSeriesSplit``. Raises `TrainingError` if there are fewer rows than folds.
    """

    def scored(parameters: Parameters, past: Rows, future: Rows) -> float:
        train, test = examples.rows(past), examples.rows(future)
        if not train.learnable:
            return float("nan")
        try:
            estimator = with_settings(settings.estimator, parameters)
            model = fit(estimator, train, *features, settings.seed, balanced=balanced)
            p = predict(model, test.table, test.target)
            return score(metric, test.y, at_best_threshold(settings, metric, test.y, p))
        except (TrainingError, ValueError):
            if not parameters:
                raise
            return float("nan")

    balanced = settings.imbalance == "balanced"
    folds = _folds(examples, settings.search.folds, metric)
    configured = {name: current_setting(settings.estimator, name) for name in settings.search.space}
    return SearchProblem(
        len(examples.y), folds, scored, configured, _least(examples, folds), on_trial
    )


def _folds(examples: Examples, count: int, metric: MetricName) -> tuple[tuple[Rows, Rows], ...]:
    """Return the folds on which a score is defined, whatever the model."""
    from sklearn.model_selection import TimeSeriesSplit

    rows = len(examples.y)
    if rows <= count:
        raise TrainingError(f"{rows} rows do not make {count} folds; lower search.folds")
    folds = []
    for past, future in TimeSeriesSplit(n_splits=count).split(examples.y):
        y = examples.y[future]
        even = np.full((len(y), examples.target.width), 1 / examples.target.width)
        if examples.rows(past).learnable and np.isfinite(score(metric, y, even)):
            folds.append((past, future))
    return tuple(folds)


def _least(examples: Examples, folds: tuple[tuple[Rows, Rows], ...]) -> int:
    """Return how many of all rows leave enough of each class in every random part of a fold."""
    shares = [0.0]
    for part in (part for fold in folds for part in fold):
        if isinstance(examples.target, Classes):
            counts = np.unique(examples.y[part], return_counts=True)[1]
            shares.append(_ROWS_PER_CLASS / counts.min())
        else:
            shares.append(_ROWS / len(part))
    return min(len(examples.y), int(np.ceil(len(examples.y) * max(shares))))
