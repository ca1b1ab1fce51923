"""The gate on fairness: groups of people are treated alike."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import CannotRun, Evidence, not_run, or_not_run, told
from driftloop.comparison.gates.grouping import column, group_names, groups
from driftloop.performance.metrics import decisions

Measure = Literal["demographic_parity", "equalized_odds", "accuracy_difference"]


class Fairness(Settings):
    """The challenger's decisions differ between groups by no more than the maximum."""

    kind: Literal["fairness"] = "fairness"
    column: str = Field(description="Column whose values are the groups; numbers go by quartile.")
    measure: Measure = Field(
        default="demographic_parity",
        description=(
            "Rate of positive decisions; rates of found and of falsely called rows; or accuracy."
        ),
    )
    maximum: float = Field(
        default=0.1, gt=0, le=1, description="Largest difference between two groups."
    )
    minimum_rows: int = Field(default=100, ge=10, description="Smaller groups are left out.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the data that the gate needs."""
        return (self.column,)

    @or_not_run
    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the largest difference between two groups stays within the maximum.

        Source: fairlearn ``demographic_parity_difference``, ``equalized_odds_difference`` (the
        larger of the two rates' differences) and ``MetricFrame.difference`` of the accuracy.
        """
        try:
            import fairlearn.metrics  # noqa: F401
        except ImportError:
            return not_run(self.kind, "fairlearn is missing; pip install 'driftloop[fairness]'.")
        if evidence.regression:
            return not_run(self.kind, "Fairness is for classes; this model predicts values.")
        if evidence.challenger.shape[1] != 2 and self.measure != "accuracy_difference":
            sentence = f"{self.measure} is for two classes; use accuracy_difference."
            return not_run(self.kind, sentence)
        names, kept, left = self._groups(evidence)
        called = decisions(evidence.challenger, evidence.cuts[0])
        value = _difference(self.measure, evidence.y[kept], called[kept], names[kept])
        measure = self.measure.replace("_", " ")
        sentence = (
            f"The {measure} between {len(set(names[kept]))} groups of {self.column} differs by "
            f"{value:.3f}; at most {self.maximum:.3f} is allowed"
            f"{f', {left:,} rows of smaller groups were left out' if left else ''}."
        )
        return told(self.kind, value <= self.maximum, sentence)

    def _groups(self, evidence: Evidence) -> tuple[Any, npt.NDArray[np.intp], int]:
        """Return the names (n,), the places of rows in groups to compare, and the rows left out."""
        names = group_names(column(evidence, self.column))
        large, _ = groups(names, self.minimum_rows)
        if self.measure == "equalized_odds":  # a rate needs rows of its class
            large = tuple(one for one in large if len(np.unique(evidence.y[one.rows])) > 1)
        if len(large) < 2:
            raise CannotRun(
                f"{self.column} has {len(large)} group(s) of {self.minimum_rows} rows to compare; "
                "two are needed."
            )
        kept = np.sort(np.concatenate([group.rows for group in large]))
        return names, kept, len(names) - len(kept)


def _difference(measure: Measure, y: Any, called: Any, names: Any) -> float:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score

    if measure == "demographic_parity":
        found = metrics.demographic_parity_difference(y, called, sensitive_features=names)
    elif measure == "equalized_odds":
        found = metrics.equalized_odds_difference(y, called, sensitive_features=names)
    else:
        frame = metrics.MetricFrame(
            metrics=accuracy_score, y_true=y, y_pred=called, sensitive_features=names
        )
        found = frame.difference()
    return float(found)
