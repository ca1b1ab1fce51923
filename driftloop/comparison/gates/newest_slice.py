"""The gate on the newest part of the holdout."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import metric_name, scores_apart
from driftloop.comparison.gates.base import NO_CHAMPION, CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.metrics import score


class NewestSlice(Gate):
    """The challenger is not worse than the champion on the newest part of the holdout.

    A model that wins on older rows and loses on the newest would lose in production.
    """

    kind: Literal["newest_slice"] = "newest_slice"
    share: float = Field(
        default=0.33, gt=0, lt=1, description="Share of the holdout, its newest rows."
    )
    tolerance: float = Field(default=0.01, ge=0, description="Loss that is allowed.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the challenger is not worse on the newest rows."""
        if inputs.champion is None:
            return True, NO_CHAMPION
        newest = slice(len(inputs.y) - max(1, int(len(inputs.y) * self.share)), None)
        y, metric = inputs.y[newest], inputs.metric
        new = score(metric, y, inputs.challenger[newest], inputs.thresholds[0])
        old = score(metric, y, inputs.champion[newest], inputs.thresholds[1])
        if math.isnan(new) or math.isnan(old):
            name = metric_name(metric, begins=True)
            raise CannotRun(f"{name} is undefined on the newest {len(y):,} rows.")
        name = metric_name(metric)
        now, before = scores_apart(metric, new, old)
        sentence = f"On the newest {len(y):,} rows {name} is {now} against {before}."
        return new >= old - self.tolerance, sentence
