"""Training: settings, hyper-parameter search, fitting and aligned predictions."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, model_validator

from driftloop.errors import TrainingError, valid_choices
from driftloop.estimators import Estimator, HistGradientBoosting
from driftloop.labels import Classes, Codes, Probabilities, class_text
from driftloop.metrics import MetricName, score
from driftloop.settings import Settings
from driftloop.windows import DEFAULT_TRAINING_WINDOWS, TrainingWindow

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Choice = bool | int | float | str | None


class SearchSettings(Settings):
    """A seeded random search over listed values, validated in time order."""

    trials: int = Field(default=6, ge=0, le=500, description="Settings tried; 0 searches nothing.")
    folds: int = Field(default=3, ge=2, le=20, description="Time-ordered validation folds.")
    space: dict[str, Annotated[tuple[Choice, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Values to try, by estimator setting."
    )


class HoldoutSettings(Settings):
    """The frozen rows that champion and challenger are compared on: the newest labelled ones."""

    share: float = Field(
        default=0.2,
        gt=0,
        lt=0.9,
        description="Share of the smallest sufficient training window, newest rows.",
    )
    minimum_rows: int = Field(default=200, ge=20, description="Fewer rows refuse to compare.")
    minimum_per_class: int = Field(
        default=10, ge=2, description="Fewer rows of any class refuse to compare."
    )


class TrainingSettings(Settings):
    """What is trained, on which rows, and how its settings are searched."""

    estimator: Estimator = HistGradientBoosting()
    windows: tuple[TrainingWindow, ...] = Field(
        default=DEFAULT_TRAINING_WINDOWS,
        min_length=1,
        description="Candidate training windows; validation in time order picks one.",
    )
    holdout: HoldoutSettings = HoldoutSettings()
    search: SearchSettings = SearchSettings()
    minimum_rows: int = Field(default=500, ge=20, description="Fewer labelled rows do not train.")
    minimum_per_class: int = Field(
        default=20, ge=2, description="Fewer rows of any class do not train."
    )
    seed: int = Field(default=0, ge=0, description="Seed of everything random.")

    @model_validator(mode="after")
    def _space_fits_estimator(self) -> Self:
        valid = [name for name in type(self.estimator).model_fields if name != "kind"]
        for name, values in self.search.space.items():
            if name not in valid:
                raise ValueError(f"search.space names no setting; {valid_choices(name, valid)}")
            for value in values:
                with_settings(self.estimator, {name: value})
        return self


def with_settings(estimator: Estimator, changes: dict[str, Any]) -> Estimator:
    """Return the estimator with some settings replaced, validated.

    Raises:
        ValueError: if a value is not valid for its setting.
    """
    try:
        return type(estimator).model_validate(estimator.model_dump() | changes)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(
            f"search.space.{first['loc'][0]}: {first['msg']}, received {first['input']!r}"
        ) from None


@dataclass(frozen=True, slots=True)
class Examples:
    """A feature table in time order and the class code of each row."""

    table: pd.DataFrame
    y: Codes
    classes: Classes

    def rows(self, chosen: slice) -> "Examples":
        """Return a run of rows."""
        return Examples(self.table.iloc[chosen], self.y[chosen], self.classes)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of the search and its mean validation score (NaN where undefined)."""

    parameters: dict[str, Any]
    score: float


def fit(
    estimator: Estimator,
    examples: Examples,
    numeric: tuple[str, ...],
    categorical: tuple[str, ...],
    seed: int,
) -> "Pipeline":
    """Return the pipeline fitted on all rows.

    Raises:
        TrainingError: if the estimator raises.
    """
    numeric = tuple(name for name in numeric if examples.table[name].notna().any())
    pipeline = estimator.build(numeric, categorical, seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline.fit(examples.table, examples.classes.values(examples.y))
    except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{estimator.kind} could not be trained: {reason}") from error
    return pipeline


def predict(pipeline: Any, table: pd.DataFrame, classes: Classes) -> Probabilities:
    """Return probabilities (n, classes); a class the model never saw has probability 0.

    Raises:
        TrainingError: if the model cannot score the table.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pipeline.predict_proba(table)
    except (ValueError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"the model cannot score these rows: {reason}") from error
    probabilities = np.zeros((len(table), len(classes.names)))
    for column, value in enumerate(pipeline.classes_.tolist()):
        if class_text(value) in classes.names:
            probabilities[:, classes.names.index(class_text(value))] = found[:, column]
    return probabilities


def validate_in_time_order(
    estimator: Estimator,
    examples: Examples,
    features: tuple[tuple[str, ...], tuple[str, ...]],
    metric: MetricName,
    folds: int,
    seed: int,
) -> float:
    """Return the mean score over folds that each train on the past and score what follows.

    Source: scikit-learn ``TimeSeriesSplit``. A fold where the score is undefined is left out;
    NaN where all are.
    """
    from sklearn.model_selection import TimeSeriesSplit

    if len(examples.y) <= folds:
        raise TrainingError(f"{len(examples.y)} rows do not make {folds} folds; lower search.folds")
    scores = []
    for past, future in TimeSeriesSplit(n_splits=folds).split(examples.y):
        train = examples.rows(slice(past[0], past[-1] + 1))
        test = examples.rows(slice(future[0], future[-1] + 1))
        if len(np.unique(train.y)) < 2:
            continue
        model = fit(estimator, train, *features, seed)
        p = predict(model, test.table, examples.classes)
        scores.append(score(metric, test.y, p))
    defined = [value for value in scores if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def search(
    settings: TrainingSettings,
    examples: Examples,
    features: tuple[tuple[str, ...], tuple[str, ...]],
    metric: MetricName,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Trial, ...]:
    """Return the trials, best first; the configured settings are always the first one tried.

    Raises:
        TrainingError: if the estimator raises.
    """
    tried = []
    proposals = propose(settings)
    for done, parameters in enumerate(proposals, start=1):
        estimator = with_settings(settings.estimator, parameters)
        value = validate_in_time_order(
            estimator, examples, features, metric, settings.search.folds, settings.seed
        )
        tried.append(Trial(parameters, value))
        on_trial(done, len(proposals))
    return tuple(sorted(tried, key=lambda trial: -np.nan_to_num(trial.score, nan=-np.inf)))


def propose(settings: TrainingSettings) -> list[dict[str, Any]]:
    """Return the settings to try: the configured ones, then a seeded sample without repeats."""
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    if not settings.search.space or settings.search.trials == 0:
        return [{}]
    space = {name: list(values) for name, values in settings.search.space.items()}
    count = min(settings.search.trials, len(ParameterGrid(space)))
    return [{}, *ParameterSampler(space, count, random_state=settings.seed)]
