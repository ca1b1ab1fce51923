"""The gate on a score that users need."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, not_run, told
from driftloop.performance.metrics import MetricName, score


class MinimumScore(Settings):
    """The challenger reaches a score that its users need, whatever the champion does."""

    kind: Literal["minimum_score"] = "minimum_score"
    metric: MetricName | None = Field(
        default=None, description="Metric to look at; the primary one if not named."
    )
    minimum: float = Field(description="The smallest score that passes.")

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the challenger's score on the holdout reaches the minimum."""
        metric = self.metric or evidence.metric
        value = score(metric, evidence.y, evidence.challenger, evidence.cuts[0])
        if math.isnan(value):
            return not_run(self.kind, f"{metric} is undefined on the holdout.")
        sentence = f"{metric} is {value:.3f}; at least {self.minimum:.3f} is asked."
        return told(self.kind, value >= self.minimum, sentence)
