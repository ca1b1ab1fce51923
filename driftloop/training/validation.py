"""Validation in time order: what a search is asked to solve for an estimator and labelled rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from driftloop.base.errors import TrainingError
from driftloop.performance.metrics import MetricName, score
from driftloop.performance.target import Classes
from driftloop.training.search.problem import Problem, Rows, Trial
from driftloop.training.search.space import Parameters
from driftloop.training.training import (
    Examples,
    Features,
    TrainingSettings,
    fit,
    predict,
    setting,
    with_settings,
)
from driftloop.training.tuning import as_judged

_ROWS_PER_CLASS, _ROWS = 5, 30


@dataclass(frozen=True, slots=True)
class Found:
    """The trials of a search, best first, and what came of it in one sentence."""

    trials: tuple[Trial, ...]
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
) -> Found:
    """Return what the configured search found; the same rows give the same winner.

    Args:
        settings: the estimator, its search and the seed.
        examples: training rows in time order; no row of the holdout.
        features: numeric and categorical columns.
        metric: the primary metric.
        on_trial: told after each trial how many are done, of how many.

    Raises:
        TrainingError: if the configured settings cannot be trained, or there are too few rows.
    """
    if not settings.search.space or settings.search.trials == 0:
        trials: tuple[Trial, ...] = (Trial({}, float("nan")),)
        return Found(trials, "The configured settings were taken; nothing was searched.")
    problem = problem_of(settings, examples, features, metric, on_trial)
    trials = settings.search.search(problem, settings.seed)
    return Found(trials, _sentence(trials, metric))


def problem_of(
    settings: TrainingSettings,
    examples: Examples,
    features: Features,
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> Problem:
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
            return score(metric, test.y, as_judged(settings, metric, test.y, p))
        except (TrainingError, ValueError):
            if not parameters:
                raise
            return float("nan")

    balanced = settings.imbalance == "balanced"
    folds = _folds(examples, settings.search.folds, metric)
    configured = {name: setting(settings.estimator, name) for name in settings.search.space}
    return Problem(len(examples.y), folds, scored, configured, _least(examples, folds), on_trial)


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


def _sentence(trials: tuple[Trial, ...], metric: MetricName) -> str:
    scored = [trial for trial in trials if np.isfinite(trial.score)]
    if not scored:
        return f"No setting could be scored with {metric}; the configured ones were taken."
    best = trials[0]
    shown = ", ".join(f"{name} {value}" for name, value in best.parameters.items())
    return (
        f"Of {len(scored)} proposals {shown or 'the configured settings'} did best: "
        f"{metric} {best.score:.3f} in time order."
    )
