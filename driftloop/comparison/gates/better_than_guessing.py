"""The gate on skill: a challenger no better than guessing is refused, whatever it beats."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import format_number, metric_name, number
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.bootstrap import interval, resampled_scores
from driftloop.performance.metrics import no_skill_score


class BetterThanGuessing(Gate):
    """The challenger is proven better than guessing on the holdout.

    Where everything was lost a challenger at 0.2 beats a champion at 0.1. A person may accept it
    all the same. A first champion, which replaces nothing, goes live, and an incident says so.
    """

    kind: Literal["better_than_guessing"] = "better_than_guessing"
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the score's interval."
    )
    resamples: int = Field(default=1000, ge=200, le=100_000, description="Bootstrap resamples.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the interval of the challenger's score lies above what guessing scores.

        A metric whose score by guessing is not known (accuracy, F1, the errors) is not judged:
        it depends on a best constant.
        """
        metric, model = inputs.metric, inputs.models[0]
        guessing, name = no_skill_score(metric, inputs.y), metric_name(metric, begins=True)
        if math.isnan(guessing):
            return True, f"What guessing scores in {metric_name(metric)} is not known."
        (drawn,) = resampled_scores(metric, inputs.y, (model,), self.resamples, inputs.seed)
        low, high = interval(drawn, inputs.y, self.confidence)
        if math.isnan(low):
            raise CannotRun(f"{name} is undefined on the holdout.")
        proven, text = low > guessing, f"{name} is {number(low)} to {number(high)} on the holdout"
        if proven:
            return True, f"{text}; {format_number(guessing)} is guessing."
        text = f"{text}, which is not proven better than guessing, {format_number(guessing)}"
        if inputs.accepted:
            return True, f"{text}; a person accepted that."
        return inputs.champion is None, f"{text}."
