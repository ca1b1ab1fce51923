"""Training: its settings, fitting, and predictions with a column per class."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, ValidationError, model_validator

from driftloop.base.errors import TrainingError, join_names, reason, valid_choices
from driftloop.base.import_path import check_estimator_path, default_parameters, prediction_type
from driftloop.base.periods import LengthField
from driftloop.base.settings import Settings, family_members
from driftloop.base.windows import DEFAULT_TRAINING_WINDOWS, AnyTrainingWindow
from driftloop.performance.target import Probabilities, Quantity, Target, class_text
from driftloop.profiling.reference_profile import Features
from driftloop.training.allow import AllowSettings
from driftloop.training.estimators import (
    SAFE_TYPES,
    AnyEstimator,
    Custom,
    Estimator,
    HistGradientBoosting,
)
from driftloop.training.job import AnyJob
from driftloop.training.search import AnySearch
from driftloop.training.search.halving import Halving
from driftloop.training.search.space import Range
from driftloop.training.weights import fitting_weights

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MOST = 1e30
"""What estimators can surely square and hold in 32 bits; trees on histograms know no limit."""


class HoldoutSettings(Settings):
    """The frozen rows that champion and challenger are compared on: the newest labelled ones."""

    share: float = Field(
        default=0.2,
        gt=0,
        lt=0.9,
        description="Share of the smallest sufficient training window, its newest rows.",
    )
    minimum_rows: int = Field(
        default=200, ge=20, description="With fewer rows nothing is compared."
    )
    minimum_per_class: int = Field(
        default=10, ge=2, description="With fewer rows of any class nothing is compared."
    )
    enough_per_class: int = Field(
        default=500,
        ge=10,
        description="Rows of the rarest class that are enough: what is older than these trains. "
        "Twice as many rows of a quantity.",
    )


class TrainingSettings(Settings):
    """What is trained, on which rows, and how its settings are searched."""

    estimator: AnyEstimator = Field(
        default=HistGradientBoosting(), description="The model that is trained."
    )
    job: AnyJob | None = Field(
        default=None, description="A program of your own that trains in the estimator's place."
    )
    allow: AllowSettings = Field(
        default=AllowSettings(), description="What is trusted besides scikit-learn."
    )
    imbalance: Literal["none", "balanced"] = Field(
        default="none", description="`balanced` gives all classes the same weight."
    )
    calibration: Literal["none", "sigmoid", "isotonic"] = Field(
        default="none", description="Calibration of the probabilities, on rows not trained on."
    )
    threshold: Literal["fixed", "tuned"] = Field(
        default="fixed",
        description="`tuned` calls positive at the probability that scores best (two classes).",
    )
    warm_start: bool = Field(
        default=False, description="Continue from the champion instead of training from scratch."
    )
    refit: bool = Field(
        default=True,
        description="Train what is to serve on the holdout, too, once it was compared.",
    )
    windows: tuple[AnyTrainingWindow, ...] = Field(
        default=DEFAULT_TRAINING_WINDOWS,
        min_length=1,
        description="Candidate training windows; validation in time order picks one.",
    )
    half_lives: tuple[LengthField, ...] = Field(
        default=(),
        description="Further candidates: the longest window, in which a row counts half as much "
        "for each of these spans that it is older.",
    )
    holdout: HoldoutSettings = Field(
        default=HoldoutSettings(), description="The newest rows, kept back to compare on."
    )
    search: AnySearch = Field(
        default=Halving(), description="How the estimator's settings are searched."
    )
    minimum_rows: int = Field(
        default=500, ge=20, description="With fewer labelled rows nothing is trained."
    )
    minimum_per_class: int = Field(
        default=20, ge=2, description="With fewer rows of any class nothing is trained."
    )
    seed: int = Field(default=0, ge=0, description="Seed of everything random.")

    @property
    def allowed_types(self) -> frozenset[str]:
        """The types that a stored model may hold beside those that skops trusts by itself."""
        return SAFE_TYPES | frozenset(self.allow.types)

    @model_validator(mode="after")
    def _estimator_can_be_made(self) -> Self:
        if isinstance(self.estimator, Custom):
            custom = self.estimator
            try:
                check_estimator_path(custom.path, self.allow.estimators)
                prediction_type(custom.path)
                valid = default_parameters(custom.path)
            except ValueError as error:
                raise ValueError(f"estimator.path: {error}") from None
            for name in custom.parameters:
                if name not in valid:
                    raise ValueError(f"estimator.parameters: {valid_choices(name, valid)}")
        return self

    @model_validator(mode="after")
    def _space_fits_estimator(self) -> Self:
        valid = tunable_settings(self.estimator)
        for name, values in self.search.space.items():
            if name not in valid:
                raise ValueError(
                    f"search.space: not a setting of the estimator; {valid_choices(name, valid)}"
                )
            for value in values.samples if isinstance(values, Range) else values:
                with_settings(self.estimator, {name: value})
        return self

    @model_validator(mode="after")
    def _job_trains_by_itself(self) -> Self:
        own = ("imbalance", "calibration", "threshold", "warm_start", "half_lives")
        changed = [
            name for name in own if getattr(self, name) != type(self).model_fields[name].default
        ]
        if self.job is not None and changed:
            raise ValueError(
                f"{changed[0]} is for the estimator, and training.job trains: remove it"
            )
        return self

    @model_validator(mode="after")
    def _warm_start_stands_alone(self) -> Self:
        if self.warm_start and (self.calibration != "none" or self.threshold != "fixed"):
            raise ValueError(
                "warm_start: true cannot go with calibration or a tuned threshold: these need "
                "predictions on rows that the model has not seen; use calibration: none and "
                "threshold: fixed"
            )
        return self

    def can_predict(self) -> tuple[str, ...]:
        """Return whether the estimator predicts ``classes``, a ``quantity``, or either."""
        if isinstance(self.estimator, Custom):
            return (prediction_type(self.estimator.path),)
        return self.estimator.predicts


def estimator_kinds(wanted: str) -> tuple[str, ...]:
    """Return the kinds of estimator that can predict ``classes`` or a ``quantity``."""
    return tuple(
        member.model_fields["kind"].default
        for member in family_members(Estimator)
        if wanted in member.predicts
    )


def tunable_settings(estimator: Estimator) -> list[str]:
    """Return the names of the settings of an estimator that a search may vary."""
    if isinstance(estimator, Custom):
        return list(default_parameters(estimator.path))
    return [name for name in type(estimator).model_fields if name != "kind"]


def current_setting(estimator: Estimator, name: str) -> Any:
    """Return the present value of a setting."""
    if isinstance(estimator, Custom):
        return estimator.parameters.get(name, default_parameters(estimator.path)[name])
    return getattr(estimator, name)


def with_settings(estimator: Estimator, changes: dict[str, Any]) -> Estimator:
    """Return the estimator with some settings replaced; raises `ValueError` if one is not valid."""
    own = estimator.model_dump()
    if isinstance(estimator, Custom):
        changes = {"parameters": estimator.parameters | changes}
    try:
        return type(estimator).model_validate(own | changes)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(
            f"search.space.{first['loc'][0]}: {first['msg']}, received {first['input']!r}"
        ) from None


@dataclass(frozen=True, slots=True)
class Examples:
    """A feature table in time order, each row's class code or quantity, and what they mean.

    `weights` say how much each row counts in training; None where all count alike.
    """

    table: pd.DataFrame
    y: npt.NDArray[Any]
    target: Target
    weights: npt.NDArray[np.float64] | None = None

    def rows(self, chosen: "slice | npt.NDArray[np.int64]") -> "Examples":
        """Return some rows: a run, or those at the places named."""
        weights = None if self.weights is None else self.weights[chosen]
        return Examples(self.table.iloc[chosen], self.y[chosen], self.target, weights)

    @property
    def learnable(self) -> bool:
        """Whether there is something to tell apart: two classes, or a quantity."""
        return isinstance(self.target, Quantity) or len(np.unique(self.y)) > 1


def fit(
    estimator: Estimator,
    examples: Examples,
    numeric: tuple[str, ...],
    categorical: tuple[str, ...],
    seed: int,
    *,
    balanced: bool = False,
) -> "Pipeline":
    """Return the pipeline fitted on all rows; raises `TrainingError` where it cannot be."""
    features = Features(numeric, categorical)
    pipeline, weights = unfitted_pipeline(estimator, examples, features, seed, balanced)
    return fit_model(pipeline, estimator, examples, weights)


def unfitted_pipeline(
    estimator: Estimator, examples: Examples, features: Features, seed: int, balanced: bool
) -> "tuple[Pipeline, dict[str, Any]]":
    """Return the unfitted pipeline for these rows, and what its ``fit`` takes beside them.

    Raises `TrainingError` if the estimator cannot be made or knows no weights.
    """
    numeric = tuple(name for name in features.numeric if examples.table[name].notna().any())
    regression = isinstance(examples.target, Quantity)
    try:
        pipeline = estimator.build(numeric, features.categorical, seed, regression)
    except (ValueError, TypeError) as error:
        raise TrainingError(f"{estimator_name(estimator)} cannot be created: {error}") from error
    last, name = pipeline.named_steps["estimator"], estimator_name(estimator)
    weights = fitting_weights(last, name, examples.y, examples.weights, balanced)
    return pipeline, {} if weights is None else {"estimator__sample_weight": weights}


def fit_model(
    model: Any, estimator: Estimator, examples: Examples, extra: dict[str, Any] | None = None
) -> Any:
    """Return the model fitted on all rows; a `TrainingError` shows no values of the rows."""
    if not examples.learnable:
        raise TrainingError(
            f"{estimator_name(estimator)} could not be trained: the {len(examples.y):,} rows have "
            "one class only"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(examples.table, examples.target.values(examples.y), **(extra or {}))
    except Exception as error:  # an estimator named by its path may raise anything
        known = {*map(str, examples.table.columns), *tunable_settings(estimator)}
        raise TrainingError(
            f"{estimator_name(estimator)} could not be trained: {reason(error, known)}"
            f"{_beyond_reach(examples.table)}"
        ) from error
    return model


def _beyond_reach(table: pd.DataFrame) -> str:
    """Return the way out where numbers are too large for the arithmetic of most estimators."""
    sizes = table.select_dtypes("number").abs().max()
    huge = [repr(name) for name in sizes.index[sizes > MOST]]
    if not huge:
        return ""
    return f"; {join_names(huge, 3)} hold numbers beyond {MOST:g}: write them in a larger unit"


def estimator_name(estimator: Estimator) -> str:
    """Return how an estimator is called in a sentence: its kind, or its import path."""
    return estimator.path if isinstance(estimator, Custom) else estimator.kind


def predict(pipeline: Any, table: pd.DataFrame, target: Target) -> Probabilities:
    """Return probabilities (n, classes), or the predicted quantity (n, 1).

    A class that the model never saw has probability 0. Raises `TrainingError` if the model cannot
    score the table.
    """
    method = "predict" if isinstance(target, Quantity) else "predict_proba"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = np.asarray(getattr(pipeline, method)(table), dtype=np.float64)
    except Exception as error:  # an estimator named by its path may raise anything
        cause = reason(error, map(str, table.columns))
        raise TrainingError(f"the model cannot score these rows: {cause}") from error
    if isinstance(target, Quantity):
        return scores.reshape(len(table), 1)
    probabilities = np.zeros((len(table), len(target.names)))
    for column, value in enumerate(pipeline.classes_.tolist()):
        if class_text(value) in target.names:
            probabilities[:, target.names.index(class_text(value))] = scores[:, column]
    return probabilities


def threshold_of(model: Any) -> float | None:
    """Return the probability from which a model calls a row positive; None where it was not tuned.

    A model without one calls the most probable class.
    """
    from sklearn.model_selection import FixedThresholdClassifier

    return float(model.threshold) if isinstance(model, FixedThresholdClassifier) else None
