"""The gate on skill: a challenger no better than guessing is refused, whatever it beats."""

import math
from typing import Literal

from pydantic import Field

from driftloop.base.scores import (
    CONSTANTS_ALIKE,
    Score,
    metric_name,
    number,
    score_text,
    shown_ends,
    trimmed,
)
from driftloop.comparison.gates.base import CannotRun, Gate, NotJudged
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.metrics import score
from driftloop.performance.no_skill import scored_with_skill


class BetterThanGuessing(Gate):
    """The challenger is better than guessing on the holdout, by the best constant prediction.

    Where everything was lost a challenger at 0.2 beats a champion at 0.1. A person may accept it
    all the same. A first champion, which replaces nothing, goes live, and an incident says so.
    """

    kind: Literal["better_than_guessing"] = "better_than_guessing"
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence of the score's interval."
    )
    resamples: int = Field(default=1000, ge=200, le=100_000, description="Bootstrap resamples.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the challenger counts as better than guessing.

        Of metrics in which all constants score alike (ROC AUC, average precision, balanced
        accuracy, R²) that has to be proven. In the others a good model may be close to the best
        constant, such as always calling the frequent class: there the challenger is refused where
        it is proven no better, or scores lower than the constant where the champion scores higher.
        The constant suits the training labels best, the holdout's where those are not known. A
        metric of one's own is not judged.
        """
        metric, resampling = inputs.metric, (self.resamples, inputs.seed, self.confidence)
        new, before = inputs.models[0], inputs.before
        found, ahead = scored_with_skill(metric, inputs.y, new, resampling, before)
        if ahead is None or found.guessing is None:
            raise NotJudged(
                "Better than guessing could not be evaluated: what guessing scores in "
                f"{metric_name(metric)} is not known."
            )
        if math.isnan(ahead.low):
            name = metric_name(metric, begins=True)
            raise CannotRun(f"{name} is undefined on the holdout.")
        fault = _fault(inputs, found.guessing, ahead)
        ends = " to ".join(map(number, shown_ends(metric, found.low, found.high)))
        text = f"{metric_name(metric, begins=True)} is {ends} on the holdout"
        guessing = trimmed(score_text(metric, found.guessing))
        which = "" if before is not None else ", by the best constant of these very rows"
        which = "" if metric in CONSTANTS_ALIKE else which
        if not fault:
            unsure = "" if ahead.low > 0 else "; better is not proven"
            return True, f"{text}; {guessing} is guessing{which}{unsure}."
        text = f"{text}, which is {fault} guessing, {guessing}{which}"
        if inputs.accepted:
            return True, f"{text}; a person accepted that."
        return inputs.champion is None, f"{text}."


def _fault(inputs: GateInputs, guessing: float, ahead: Score) -> str:
    """Return how a challenger that lies so far above guessing stands to it; empty where it may."""
    if inputs.metric in CONSTANTS_ALIKE:
        return "" if ahead.low > 0 else "not proven better than"
    if ahead.high <= 0:
        return "no better than"
    behind = ahead.value < 0 and inputs.champion is not None
    if behind and score(inputs.metric, inputs.y, *inputs.models[1]) > guessing:
        return "worse than the champion and than"
    return ""
