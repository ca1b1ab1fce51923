"""The gate on a minimum score."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import is_error, metric_name, scores_apart
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.metrics import MetricField, score


class MinimumScore(Gate):
    """The challenger reaches a score that its users need, whatever the champion does."""

    kind: Literal["minimum_score"] = "minimum_score"
    metric: MetricField | None = Field(
        default=None, description="Metric to check; the primary one if left out."
    )
    minimum: float = Field(description="The smallest score that passes.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the challenger's score on the holdout reaches the minimum."""
        metric = self.metric or inputs.metric
        value = score(metric, inputs.y, inputs.challenger, inputs.thresholds[0])
        name = metric_name(metric, begins=True)
        if math.isnan(value):
            raise CannotRun(f"{name} is undefined on the holdout.")
        reached, least = scores_apart(metric, value, self.minimum)
        bound = "at most" if is_error(metric) else "at least"
        sentence = f"{name} is {reached}; {bound} {least} is required."
        return value >= self.minimum, sentence
