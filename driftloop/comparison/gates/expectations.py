"""The gate on domain knowledge: more debt must not lower the risk."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.settings import Settings
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs


class Expectation(Settings):
    """The direction of the prediction as one feature rises and all others stay the same."""

    feature: str = Field(description="A numeric feature of the model.")
    effect: Literal["increasing", "decreasing"] = Field(
        description="Direction of the prediction as the feature rises."
    )
    tolerance: float = Field(
        default=0.01, ge=0, description="Change of the prediction against it that is allowed."
    )


class Expectations(Gate):
    """The challenger's predictions change with features in the directions that are expected."""

    kind: Literal["expectations"] = "expectations"
    expected: tuple[Expectation, ...] = Field(min_length=1, description="The expectations.")
    share: float = Field(
        default=0.05, ge=0, lt=1, description="Share of rows that may violate one."
    )
    rows: int = Field(default=200, ge=10, le=10_000, description="Rows of the holdout to try.")
    steps: int = Field(default=9, ge=2, le=100, description="Quantiles of the feature to try.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether every expectation holds on a seeded sample of rows.

        A row violates one where, along quantiles of the feature from 5 % to 95 %, the probability
        of the positive class (a regression's value) changes against it by more than the tolerance.
        A constant prediction violates nothing.
        """
        if inputs.challenger.shape[1] > 2:
            raise CannotRun("Expectations need a binary classifier or a regression.")
        shares = [(expected, self._violating(inputs, expected)) for expected in self.expected]
        violated = [(expected, share) for expected, share in shares if share > self.share]
        if not violated:
            expected, share = max(shares, key=lambda pair: pair[1])
            sentence = (
                f"Every expectation holds; the most violated is {expected.feature}: "
                f"{share:.1%} of the rows violate it."
            )
            return True, sentence
        parts = [
            f"{expected.feature} is not {expected.effect} for {share:.1%} of the rows"
            for expected, share in violated
        ]
        return False, f"{'; '.join(parts)}; at most {self.share:.1%} may be."

    def _violating(self, inputs: GateInputs, expected: Expectation) -> float:
        """Return the share of rows that move against an expectation."""
        model, table = inputs.challenger_model, inputs.table
        if model is None or table is None or table.empty:
            raise CannotRun("The challenger or its features are missing.")
        if expected.feature not in table.columns:
            raise CannotRun(f"The holdout has no feature {expected.feature!r}.")
        values = table[expected.feature].to_numpy(dtype=float)
        levels = np.unique(np.nanquantile(values, np.linspace(0.05, 0.95, self.steps)))
        if len(levels) < 2 or np.isnan(levels).any():
            raise CannotRun(f"{expected.feature} takes a single value in the holdout.")
        sample = table.sample(min(len(table), self.rows), random_state=inputs.seed)
        predictions = [
            model.predict(sample.assign(**{expected.feature: level}))[:, -1] for level in levels
        ]
        falls = _furthest_fall(np.column_stack(predictions), rising=expected.effect == "increasing")
        return float(np.mean(falls > expected.tolerance))


def _furthest_fall(p: npt.NDArray[np.float64], *, rising: bool) -> npt.NDArray[np.float64]:
    """Return how far each row (n, steps) falls below its running maximum (n,)."""
    signed = p if rising else -p
    fall: npt.NDArray[np.float64] = (np.maximum.accumulate(signed, axis=1) - signed).max(axis=1)
    return fall
