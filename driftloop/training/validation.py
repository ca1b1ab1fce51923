"""Validation in time order: the search problem of an estimator on labelled rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.performance.metrics import MetricName, score
from driftloop.performance.target import Classes
from driftloop.training.search.problem import Rows, SearchProblem, SearchTrial
from driftloop.training.search.space import Parameters
from driftloop.training.training import (
    Examples,
    Features,
    TrainingSettings,
    current_setting,
    fit,
    predict,
    with_settings,
)
from driftloop.training.tuning import at_best_threshold

_ROWS_PER_CLASS, _ROWS = 5, 30


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The trials of a search, best first, and what came of it in one sentence."""

    trials: tuple[SearchTrial, ...]
    sentence: str

    @property
    def parameters(self) -> Parameters:
        """The settings that differ from the configured ones; none where these did best."""
        return self.trials[0].parameters


def search(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> SearchResult:
    """Return the result of the configured search; the same rows give the same winner.

    Args:
        settings: the estimator, its search and the seed.
        examples: training rows in time order; no row of the holdout.
        features: numeric and categorical columns.
        metric: the primary metric.
        on_trial: called after each trial with the number done and the total.

    Raises:
        TrainingError: if the configured settings cannot be trained, or there are too few rows.
    """
    if not settings.search.space or settings.search.trials == 0:
        trials: tuple[SearchTrial, ...] = (SearchTrial({}, float("nan")),)
        return SearchResult(trials, "The configured settings were used; nothing was searched.")
    problem = search_problem(settings, examples, features, metric, on_trial)
    trials = settings.search.search(problem, settings.seed)
    return SearchResult(trials, _sentence(trials, metric))


def search_problem(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> SearchProblem:
    """Return the folds that each train on the past and score what follows, and how.

    Folds whose score is undefined, as of one class, are left out. Source: scikit-learn
    ``TimeSeriesSplit``.

    Raises:
        TrainingError: if there are fewer rows than folds.
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


def _sentence(trials: tuple[SearchTrial, ...], metric: MetricName) -> str:
    scored = [trial for trial in trials if np.isfinite(trial.score)]
    if not scored:
        return f"No setting could be scored with {metric}; the configured ones were used."
    best = trials[0]
    shown = ", ".join(f"{name} {value}" for name, value in best.parameters.items())
    return (
        f"Of {len(scored)} proposals {shown or 'the configured settings'} did best: "
        f"{metric} {best.score:.3f} in time order."
    )
