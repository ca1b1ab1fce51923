"""Promotion gates: conditions beside the primary metric that a challenger must meet.

Each gate is its settings and one method, ``check(evidence)``. A gate that cannot run refuses.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from driftloop.labels import Codes, Probabilities
from driftloop.metrics import MetricName, score
from driftloop.records import GateResult
from driftloop.settings import Settings


@dataclass(frozen=True, slots=True)
class Evidence:
    """The holdout in time order with both models' probabilities; no champion: None."""

    metric: MetricName
    y: Codes
    challenger: Probabilities
    champion: Probabilities | None


class ValidPredictions(Settings):
    """Every prediction of the challenger is a finite probability. Always on."""

    kind: Literal["valid_predictions"] = "valid_predictions"

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether all probabilities are finite and within 0 to 1."""
        p = evidence.challenger
        outside = (~np.isfinite(p) | (p < 0) | (p > 1)).any(axis=1)
        bad = int((outside | ~np.isclose(p.sum(axis=1), 1, atol=1e-3)).sum())
        sentence = f"{bad} of {len(p):,} predictions are no probability."
        return GateResult(self.kind, bad == 0, sentence)


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
        value = score(metric, evidence.y, evidence.challenger)
        if math.isnan(value):
            return GateResult(self.kind, False, f"{metric} is undefined on the holdout.")
        sentence = f"{metric} is {value:.3f}; at least {self.minimum:.3f} is asked."
        return GateResult(self.kind, value >= self.minimum, sentence)


class NewestSlice(Settings):
    """The challenger is not worse than the champion on the newest part of the holdout.

    A model that wins on older rows and loses on today's would be promoted to lose.
    """

    kind: Literal["newest_slice"] = "newest_slice"
    share: float = Field(default=0.33, gt=0, lt=1, description="The newest share looked at.")
    tolerance: float = Field(default=0.01, ge=0, description="Loss that is still fine.")

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the challenger holds its own on the newest rows."""
        if evidence.champion is None:
            return GateResult(self.kind, True, "There is no champion to compare with.")
        newest = slice(len(evidence.y) - max(1, int(len(evidence.y) * self.share)), None)
        y = evidence.y[newest]
        new = score(evidence.metric, y, evidence.challenger[newest])
        old = score(evidence.metric, y, evidence.champion[newest])
        if math.isnan(new) or math.isnan(old):
            sentence = f"{evidence.metric} is undefined on the newest {len(y):,} rows."
            return GateResult(self.kind, False, sentence)
        sentence = (
            f"On the newest {len(y):,} rows {evidence.metric} is {new:.3f} against {old:.3f}."
        )
        return GateResult(self.kind, new >= old - self.tolerance, sentence)


Gate = Annotated[ValidPredictions | MinimumScore | NewestSlice, Field(discriminator="kind")]
DEFAULT_GATES: tuple[Gate, ...] = (NewestSlice(),)


def run_gates(gates: tuple[Gate, ...], evidence: Evidence) -> tuple[GateResult, ...]:
    """Return what every gate says, the validity of the predictions first; later gates are not
    asked about predictions that are no probabilities.
    """
    valid = ValidPredictions().check(evidence)
    if not valid.passed:
        return (valid,)
    others = (gate for gate in gates if not isinstance(gate, ValidPredictions))
    return (valid, *(gate.check(evidence) for gate in others))
