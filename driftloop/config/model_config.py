"""The configuration of one monitored model: what an ML engineer writes, and nothing secret."""

import re
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from driftloop.alerts.lifecycle import AlertSettings
from driftloop.base.errors import CREDENTIALS, valid_choices
from driftloop.base.periods import Span, SpanField
from driftloop.base.scores import Task
from driftloop.base.settings import Settings
from driftloop.base.windows import WindowSettings
from driftloop.comparison.compare import ComparisonSettings
from driftloop.comparison.gates import columns_needed
from driftloop.comparison.gates.calibration import Calibration
from driftloop.comparison.gates.expectations import Expectations
from driftloop.comparison.gates.fairness import Fairness
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.config.arrivals import ArrivalSettings
from driftloop.config.schedule import Schedule
from driftloop.decision.decision import DecisionSettings
from driftloop.decision.payoff import Price
from driftloop.drift.settings import DriftSettings
from driftloop.performance.metrics import (
    BINARY_ONLY,
    REGRESSION_ONLY,
    THRESHOLDED,
    MetricName,
    valid_metrics,
)
from driftloop.performance.realised import PerformanceSettings
from driftloop.performance.value import OUTCOMES, ValueSettings
from driftloop.profiling.reference_profile import Features
from driftloop.promotion.modes import PromotionSettings
from driftloop.quality.checks import DEFAULT_CHECKS, AnyQualityCheck, Range
from driftloop.training.estimators import NoEstimator
from driftloop.training.served_columns import ServedColumns
from driftloop.training.training import TrainingSettings, estimator_kinds, estimator_name

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class DataSettings(Settings):
    """Where the snapshots are and which columns hold time, label and key."""

    repository: str = Field(
        default=".",
        description="Git repository with DVC: a path from the workspace folder, or a URL. Git asks "
        "its credential helper for a password.",
    )
    rev: str = Field(default="HEAD", description="Commit, branch or tag read by default.")
    path: str = Field(description="DVC-tracked folder of Parquet batches in the repository.")
    time: str = Field(description="Column with the time of the event (UTC where without zone).")
    label: str = Field(description="Column with the class or the quantity that the model predicts.")
    positive: bool | int | float | str | None = Field(
        default=None, description="Value of the label that counts as positive (two classes)."
    )
    label_delay: SpanField = Field(
        default=Span(0, "day"), description="How long after the event its label can be trusted."
    )
    key: str | None = Field(
        default=None, description="Column that identifies a row; duplicates are then found."
    )
    predictions: ServedColumns | None = Field(
        default=None, description="Columns with what was served, where that is logged."
    )

    @field_validator("repository")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        if re.search(CREDENTIALS, value):
            raise ValueError(
                "the address holds a password, which everybody reads who reads this file; give it "
                "to Git instead (git config credential.helper), or use an SSH address"
            )
        return value


class FeatureSettings(Settings):
    """The columns the model reads, by type."""

    numeric: tuple[str, ...] = Field(default=(), description="Quantities.")
    categorical: tuple[str, ...] = Field(default=(), description="Categories and codes.")

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = self.by_type.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} named more than once; name each feature once")
        if not names:
            raise ValueError("no feature is named; list columns under numeric or categorical")
        if not all(name.strip() for name in names):
            raise ValueError("a feature name is empty; name the column")
        return self

    @property
    def by_type(self) -> Features:
        """The names of the features, by type."""
        return Features(self.numeric, self.categorical)


class ModelConfig(Settings):
    """One monitored model."""

    model: str = Field(
        pattern=NAME_PATTERN,
        description="Name of the model, here and in MLflow: lower-case letters, digits, - and _.",
    )
    description: str = Field(default="", description="What the model does, for people.")
    task: Task = Field(default="binary", description="Two classes, more, or a quantity.")
    data: DataSettings = Field(description="The snapshots, and what their columns are.")
    features: FeatureSettings = Field(description="The columns the model reads.")
    windows: WindowSettings = Field(
        default=WindowSettings(), description="What is compared with what."
    )
    quality: tuple[AnyQualityCheck, ...] = Field(
        default=DEFAULT_CHECKS, description="Data-quality checks; a failed one blocks retraining."
    )
    segments: tuple[str, ...] = Field(
        default=(),
        description="Columns, features or not, by whose values drift and performance are judged, "
        "too. The ten most frequent values of each are told apart, the others together.",
    )
    drift: DriftSettings = Field(default_factory=DriftSettings, description="What counts as drift.")
    value: ValueSettings | None = Field(
        default=None, description="What each outcome is worth, in money."
    )
    performance: PerformanceSettings = Field(
        default=PerformanceSettings(), description="When the champion counts as worse."
    )
    decision: DecisionSettings = Field(
        default=DecisionSettings(),
        description="What starts a retraining, and what blocks it.",
    )
    training: TrainingSettings = Field(
        default=TrainingSettings(), description="How a challenger is trained."
    )
    comparison: ComparisonSettings = Field(
        default=ComparisonSettings(), description="What a challenger has to prove."
    )
    promotion: PromotionSettings = Field(
        default=PromotionSettings(), description="What becomes of a challenger that won."
    )
    alerts: AlertSettings = Field(default=AlertSettings(), description="Who is alerted, and when.")
    schedule: Schedule = Field(
        default=Schedule(), description="When the model is judged; `driftloop deploy` registers it."
    )
    arrivals: ArrivalSettings = Field(
        default=ArrivalSettings(), description="How new data become a snapshot."
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a run may read."""
        read_by_gates = columns_needed(self.comparison.gates)
        roles, features = self._roles.values(), self.features.by_type.names
        names = (*roles, *features, *read_by_gates, *self.segments)
        return tuple(dict.fromkeys(names))

    @property
    def _roles(self) -> dict[str, str]:
        data = self.data
        served = data.predictions.model_dump() if data.predictions else {}
        own = {"data.time": data.time, "data.label": data.label, "data.key": data.key}
        roles = own | {f"data.predictions.{name}": column for name, column in served.items()}
        return {role: column for role, column in roles.items() if column}

    @property
    def trained_here(self) -> bool:
        """Whether driftloop trains the model; a served one is only watched."""
        return not isinstance(self.training.estimator, NoEstimator)

    @model_validator(mode="before")
    @classmethod
    def _metric_of_a_quantity(cls, raw: Any) -> Any:
        """A regression whose metric is not named is scored by its root mean squared error."""
        if not isinstance(raw, dict) or raw.get("task") != "regression":
            return raw
        comparison = raw.get("comparison", {})
        if not isinstance(comparison, dict) or "metric" in comparison:
            return raw
        return {**raw, "comparison": {**comparison, "metric": "neg_rmse"}}

    @model_validator(mode="after")
    def _roles_are_told_apart(self) -> Self:
        taken: dict[str, str] = {}
        for role, column in self._roles.items():
            if column in taken:
                raise ValueError(
                    f"{column!r} is given for {taken[column]} and {role}; each needs a column of "
                    "its own"
                )
            if column in self.features.by_type.names:
                raise ValueError(
                    f"{column!r} is both {role} and a feature; a model must not read it: remove "
                    "it from features"
                )
            taken[column] = role
        return self

    @model_validator(mode="after")
    def _predictions_fit(self) -> Self:
        served = self.data.predictions
        if served is None:
            if not self.trained_here:
                raise ValueError(
                    "training.estimator none trains nothing, so that there are no predictions; "
                    "name the columns of the served ones under data.predictions"
                )
            return self
        if self.task == "multiclass" and (served.decision is None or served.score):
            raise ValueError("data.predictions: with task multiclass give decision, and no score")
        if self.task == "regression" and (served.score is None or served.decision):
            raise ValueError("data.predictions: with task regression give score, and no decision")
        return self

    @model_validator(mode="after")
    def _segments_are_categories(self) -> Self:
        for name in self.segments:
            role = "a numeric feature" if name in self.features.numeric else ""
            own = self.data.time, self.data.label, self.data.key
            role = "data.time, data.label or data.key" if name in own else role
            if role:
                raise ValueError(
                    f"segments: {name!r} is {role}; name columns of few values, such as a region"
                )
        if len(set(self.segments)) < len(self.segments):
            raise ValueError("segments names a column twice; name each once")
        return self

    @model_validator(mode="after")
    def _task_fits(self) -> Self:
        if self.task != "binary" and self.data.positive is not None:
            raise ValueError("data.positive is for task binary; remove it or set task: binary")
        training, regression = self.training, self.task == "regression"
        wanted = "quantity" if regression else "classes"
        if wanted not in training.can_predict():
            raise ValueError(
                f"training.estimator {estimator_name(training.estimator)} does not predict "
                f"{'a quantity' if regression else 'classes'}; valid with task {self.task}: "
                f"{', '.join(estimator_kinds(wanted))}"
            )
        for name in ("imbalance", "calibration"):
            value = getattr(training, name)
            if regression and value != "none":
                raise ValueError(f"training.{name} {value} is for classes; valid: none")
        if training.threshold == "tuned":
            if self.task != "binary":
                raise ValueError("training.threshold tuned is for task binary; valid: fixed")
            if self.comparison.metric not in THRESHOLDED:
                raise ValueError(
                    f"training.threshold tuned changes nothing of {self.comparison.metric}, which "
                    "looks at the probabilities; valid: fixed, or a comparison.metric of "
                    f"{', '.join(sorted(THRESHOLDED))}"
                )
        return self

    @model_validator(mode="after")
    def _estimate_fits(self) -> Self:
        estimate = self.performance.estimate
        if estimate is not None and self.task not in estimate.tasks:
            raise ValueError(
                f"performance.estimate {estimate.kind} is for task "
                f"{' or '.join(sorted(estimate.tasks))}; choose one for {self.task}"
            )
        return self

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        value = self.value
        if value is None:
            if isinstance(self.decision.budget, Price):
                raise ValueError(
                    "decision.budget is a price, which is weighed against what outcomes are worth: "
                    "add value, or make it a share of the windows such as 0.34"
                )
            return self
        if value.task != self.task:
            own = {"regression": "per_unit_of_error", "multiclass": "classes"}
            wanted = own.get(self.task, ", ".join(OUTCOMES))
            raise ValueError(f"value: with task {self.task} give {wanted}")
        return self

    @model_validator(mode="after")
    def _names_are_features(self) -> Self:
        features = self.features.by_type.names
        for name in self.drift.ignore:
            if name not in features:
                raise ValueError(
                    f"drift.ignore lists what is not a feature; {valid_choices(name, features)}"
                )
        for name in self.drift.features:
            if name not in features:
                raise ValueError(
                    f"drift.features: no such feature; {valid_choices(name, features)}"
                )
            if wrong := self.drift.wrong_for(name, name in self.features.numeric):
                raise ValueError(wrong)
        for check in self.quality:
            if isinstance(check, Range) and check.column not in self.features.numeric:
                raise ValueError(
                    f"quality: the range check is on {check.column!r}, which is not a numeric "
                    f"feature; valid: {', '.join(self.features.numeric) or 'none'}"
                )
        return self

    @model_validator(mode="after")
    def _comparison_fits(self) -> Self:
        self._check_metric("metric", self.comparison.metric)
        for number, gate in enumerate(self.comparison.gates):
            place = f"gates[{number}]"
            if isinstance(gate, MinimumScore) and gate.metric:
                self._check_metric(f"{place}.metric", gate.metric)
            for name in columns_needed((gate,)):
                if name in (self.data.label, self.data.time):
                    raise ValueError(
                        f"comparison.{place} ({gate.kind}) reads {name!r}, the label or time; "
                        "choose a feature or another column of the data"
                    )
            self._check_gate(place, gate)
        return self

    def _check_metric(self, place: str, metric: MetricName) -> None:
        valid = valid_metrics(self.task)
        if metric not in valid:
            what = "two classes" if metric in BINARY_ONLY else "classes"
            what = "regression" if metric in REGRESSION_ONLY else what
            raise ValueError(
                f"comparison.{place} {metric} is for {what}; valid with task "
                f"{self.task}: {', '.join(valid)}"
            )

    def _check_gate(self, place: str, gate: Settings) -> None:
        """Refuse a gate that could never run for this task or these features."""
        if isinstance(gate, Calibration | Fairness) and self.task == "regression":
            raise ValueError(f"comparison.{place} ({gate.kind}) is for classes; remove it")
        if not isinstance(gate, Expectations):
            return
        if self.task == "multiclass":
            raise ValueError(f"comparison.{place} ({gate.kind}) is for two classes or regression")
        for expectation in gate.expected:
            if expectation.feature not in self.features.numeric:
                raise ValueError(
                    f"comparison.{place}.expected is not on a numeric feature; "
                    f"{valid_choices(expectation.feature, self.features.numeric)}"
                )
