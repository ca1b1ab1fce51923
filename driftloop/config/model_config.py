"""The configuration of one monitored model: what an ML engineer writes, and nothing secret."""

from typing import Any, Self

from pydantic import Field, model_validator

from driftloop.alerts.lifecycle import AlertSettings
from driftloop.base.errors import valid_choices
from driftloop.base.periods import LengthField
from driftloop.base.scores import VALUE, Task
from driftloop.base.settings import Settings
from driftloop.base.windows import WindowSettings
from driftloop.comparison.compare import ComparisonSettings
from driftloop.comparison.gates import columns_needed
from driftloop.comparison.gates.calibration import Calibration
from driftloop.comparison.gates.expectations import Expectations
from driftloop.comparison.gates.fairness import Fairness
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.config.arrivals import ArrivalSettings
from driftloop.config.business import BusinessFigure
from driftloop.config.data_settings import DataSettings, FeatureSettings
from driftloop.config.schedule import Schedule
from driftloop.decision.decision import DecisionSettings
from driftloop.decision.payoff import Price
from driftloop.drift.settings import DriftSettings
from driftloop.performance.custom_metric import is_custom, wrong_metric
from driftloop.performance.metrics import THRESHOLDED, MetricName, takes_decisions, wrong_for
from driftloop.performance.realised import PerformanceSettings
from driftloop.performance.value import OUTCOMES, ValueSettings
from driftloop.performance.value_metric import is_value
from driftloop.promotion.modes import PromotionSettings
from driftloop.quality.checks import DEFAULT_CHECKS, AnyQualityCheck
from driftloop.training.estimators import NoEstimator
from driftloop.training.training import TrainingSettings, estimator_kinds, estimator_name

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class Retention(Settings):
    """How long runs, reports and profiles are kept; what is left out is kept for good."""

    runs: LengthField | None = Field(
        default=None,
        description="How long a monitoring run is kept in MLflow, such as 2 years; the newest 120 "
        "always are, and so is every training run.",
    )
    reports: LengthField | None = Field(
        default=None,
        description="How long a report is kept, with its run and as a local copy, such as "
        "6 months; that of the newest run always is.",
    )
    profiles: LengthField | None = Field(
        default=None,
        description="How long a local copy of a reference profile is kept after its last use; the "
        "profile that is stored with its champion always is.",
    )


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
        "too. The ten most frequent values of each are judged one by one, the others together.",
    )
    drift: DriftSettings = Field(default_factory=DriftSettings, description="What counts as drift.")
    value: ValueSettings | None = Field(
        default=None, description="What each outcome is worth, in money."
    )
    business: tuple[BusinessFigure, ...] = Field(
        default=(), description="Figures of your own, drawn beside the score."
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
    retention: Retention = Field(default=Retention(), description="What `driftloop prune` removes.")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a run may read."""
        read_by_gates = columns_needed(self.comparison.gates)
        roles, features = self._roles.values(), self.features.by_type.names
        business = (figure.column for figure in self.business if figure.table is None)
        names = (*roles, *features, *read_by_gates, *self.segments, *business)
        return tuple(dict.fromkeys(names))

    @property
    def valued_classes(self) -> tuple[str, ...]:
        """The classes by whose worth models are judged, in the order of codes; else none."""
        if self.value is None or not is_value(self.comparison.metric):
            return ()
        return self.value.ordered_classes

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

    @property
    def version_column(self) -> str | None:
        """The column with the version that served, where one is named."""
        return self.data.predictions.version if self.data.predictions else None

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
        if self.arrivals.predictions is not None and (served is None or self.data.key is None):
            lacks = "data.key, by which they are joined" if served else "data.predictions"
            raise ValueError(f"arrivals.predictions is a table of predictions and needs {lacks}")
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
    def _business_figures_differ(self) -> Self:
        names = [figure.name for figure in self.business]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"business: {', '.join(twice)} is named twice; name each figure once")
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
            if not takes_decisions(self.comparison.metric):
                raise ValueError(
                    f"training.threshold tuned changes nothing of {self.comparison.metric}, which "
                    "looks at the probabilities; valid: fixed, or a comparison.metric of "
                    f"{', '.join(sorted([*THRESHOLDED, VALUE]))}"
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
        if self.comparison.metric == VALUE:
            comparison = self.comparison.model_copy(update={"metric": value.metric})
            object.__setattr__(self, "comparison", comparison)
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
            if wrong := check.wrong_for(self.features.numeric, self.training.allow.contracts):
                raise ValueError(f"quality: {wrong}")
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
        if is_value(metric):
            if self.value is None or metric != self.value.metric:
                raise ValueError(
                    f"comparison.{place} value needs value (what each outcome is worth), and is no "
                    "metric of a gate, which leaves it out"
                )
            return
        trusted = self.training.allow.metrics
        own = is_custom(metric)
        if wrong := wrong_metric(metric, trusted) if own else wrong_for(metric, self.task):
            raise ValueError(f"comparison.{place} {wrong}")

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
