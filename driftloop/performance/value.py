"""What each outcome of a prediction is worth, in money."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.base.errors import valid_choices
from driftloop.base.scores import Task
from driftloop.base.settings import Settings
from driftloop.performance.metrics import Scores, Truth
from driftloop.performance.target import Probabilities, class_text
from driftloop.performance.value_metric import value_name, worth_of_rows

OUTCOMES = ("true_negative", "false_positive", "false_negative", "true_positive")
"""By twice the true class plus the predicted one."""

ClassName = Annotated[str, BeforeValidator(class_text)]


class ValueSettings(Settings):
    """What a row is worth by what was predicted and what came true; a cost is negative."""

    true_positive: float = Field(default=0.0, description="A positive that was found.")
    false_positive: float = Field(default=0.0, description="A negative taken for a positive.")
    false_negative: float = Field(default=0.0, description="A positive that was missed.")
    true_negative: float = Field(default=0.0, description="A negative that was left alone.")
    per_unit_of_error: float = Field(
        default=0.0,
        le=0,
        description="Of a regression: each unit of the label by which a prediction is off.",
    )
    classes: dict[ClassName, dict[ClassName, float]] = Field(
        default={},
        description="Of more classes than two: by the true class what each predicted one is worth, "
        "such as {fraud: {fraud: 120, ok: -200}, ok: {fraud: -8}}; 0 where it is not given.",
    )
    currency: str = Field(default="", description="The unit of all of them, such as EUR.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        outcomes = {getattr(self, name) for name in OUTCOMES}
        given = {"per_unit_of_error": self.per_unit_of_error, "classes": self.classes}
        others = [name for name, value in given.items() if value]
        if len(others) > 1 or (others and any(outcomes)):
            raise ValueError(
                f"per_unit_of_error is of a regression, {', '.join(OUTCOMES)} of two classes, "
                "classes of more: give one or the other"
            )
        if not others and len(outcomes) == 1:
            raise ValueError(
                f"all outcomes are worth the same; give some of {', '.join(OUTCOMES)}, classes of "
                "more classes than two, or per_unit_of_error of a regression"
            )
        for name in (name for worth in self.classes.values() for name in worth):
            if name not in self.classes:
                raise ValueError(
                    f"classes: a predicted class that is no true one; "
                    f"{valid_choices(name, [*self.classes])}"
                )
        return self

    @property
    def task(self) -> Task:
        """The task whose outcomes they are."""
        if self.classes:
            return "multiclass"
        return "regression" if self.per_unit_of_error else "binary"

    def of_rows(
        self, y: Truth, p: Probabilities, threshold: float | None, names: tuple[str, ...] = ()
    ) -> Scores:
        """Return what each row is worth (n,), by class codes or values `y` and predictions `p`.

        Of two classes, rows are called by `threshold`, or the likelier one without it; of more,
        `names` has the class of each code.
        """
        return worth_of_rows(self._worths(names), y, p, threshold)

    def _worths(self, names: tuple[str, ...]) -> tuple[float, ...]:
        if self.task == "regression":
            return (self.per_unit_of_error,)
        if self.task == "binary":
            return tuple(getattr(self, name) for name in OUTCOMES)
        rows = [self.classes.get(name, {}) for name in names]
        return tuple(row.get(name, 0.0) for row in rows for name in names)

    @property
    def metric(self) -> str:
        """The metric ``value``, by which models are judged; more classes are in their order."""
        return value_name(self._worths(self.ordered_classes))

    @property
    def ordered_classes(self) -> tuple[str, ...]:
        """The classes of more than two that have a worth, in the order of codes; else none."""
        return tuple(sorted(self.classes))
