"""The gate on fairness: decisions do not differ much between groups."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.scores import format_number, number
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.grouping import column, group_names, split_by_size
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.target import predicted_classes

Measure = Literal["demographic_parity", "equalized_odds", "accuracy_difference"]


class Fairness(Gate):
    """The challenger's decisions differ between groups by no more than the maximum."""

    kind: Literal["fairness"] = "fairness"
    column: str = Field(description="Column whose values are the groups; numbers go by quartile.")
    measure: Measure = Field(
        default="demographic_parity",
        description=("Rate of positive decisions; true and false positive rates; or accuracy."),
    )
    maximum: float = Field(
        default=0.1, gt=0, le=1, description="Largest difference between two groups."
    )
    minimum_rows: int = Field(default=100, ge=10, description="Smaller groups are left out.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The column with the groups."""
        return (self.column,)

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the largest difference between two groups stays within the maximum.

        Source: fairlearn ``demographic_parity_difference``, ``equalized_odds_difference`` (the
        larger of the two rates' differences) and ``MetricFrame.difference`` of the accuracy.
        """
        try:
            import fairlearn.metrics  # noqa: F401
        except ImportError:
            raise CannotRun("fairlearn is missing; pip install 'driftloop[fairness]'.") from None
        if inputs.regression:
            raise CannotRun("Fairness needs a classifier; this model predicts values.")
        if inputs.challenger.shape[1] != 2 and self.measure != "accuracy_difference":
            raise CannotRun(f"{self.measure} needs a binary classifier; use accuracy_difference.")
        names, compared, left = self._groups(inputs)
        called = predicted_classes(inputs.challenger, inputs.thresholds[0])
        value = _difference(self.measure, inputs.y[compared], called[compared], names[compared])
        measure = self.measure.replace("_", " ")
        sentence = (
            f"The {measure} between {len(set(names[compared]))} groups of {self.column} differs by "
            f"{number(value)}; at most {format_number(self.maximum)} is allowed"
            f"{f', {left:,} rows of smaller groups are left out' if left else ''}."
        )
        return value <= self.maximum, sentence

    def _groups(self, inputs: GateInputs) -> tuple[Any, npt.NDArray[np.intp], int]:
        """Return the group names (n,), the rows to compare, and how many rows are left out."""
        names = group_names(column(inputs, self.column))
        large, _ = split_by_size(names, self.minimum_rows)
        if self.measure == "equalized_odds":  # a rate needs rows of its class
            large = tuple(group for group in large if len(np.unique(inputs.y[group.rows])) > 1)
        if len(large) < 2:
            raise CannotRun(
                f"{self.column} has {len(large)} group(s) of {self.minimum_rows} rows to compare; "
                "two are needed."
            )
        compared = np.sort(np.concatenate([group.rows for group in large]))
        return names, compared, len(names) - len(compared)


def _difference(measure: Measure, y: Any, called: Any, names: Any) -> float:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score

    if measure == "demographic_parity":
        difference = metrics.demographic_parity_difference(y, called, sensitive_features=names)
    elif measure == "equalized_odds":
        difference = metrics.equalized_odds_difference(y, called, sensitive_features=names)
    else:
        frame = metrics.MetricFrame(
            metrics=accuracy_score, y_true=y, y_pred=called, sensitive_features=names
        )
        difference = frame.difference()
    return float(difference)
