"""The gate on what people know: more debt is no lower risk."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import CannotRun, Evidence, not_run, or_not_run, told


class Expectation(Settings):
    """Which way the prediction moves as one feature rises and all others stay."""

    feature: str = Field(description="A numeric feature of the model.")
    effect: Literal["increasing", "decreasing"] = Field(
        description="Where the prediction goes as the feature rises."
    )
    tolerance: float = Field(
        default=0.01, ge=0, description="Move against it that is still fine, in the prediction."
    )


class Expectations(Settings):
    """The challenger's predictions move with features the way that people know they must."""

    kind: Literal["expectations"] = "expectations"
    expected: tuple[Expectation, ...] = Field(min_length=1, description="What is expected.")
    share: float = Field(
        default=0.05, ge=0, lt=1, description="Share of rows that may move against it."
    )
    rows: int = Field(default=200, ge=10, le=10_000, description="Rows of the holdout asked.")
    steps: int = Field(default=9, ge=2, le=100, description="Quantiles of the feature tried.")

    @or_not_run
    def check(self, evidence: Evidence) -> GateResult:
        """Return whether every expectation holds on a seeded sample of rows.

        A row violates one where, along quantiles of the feature from 5 % to 95 %, the probability
        of the positive class (a regression's value) goes against it by more than the tolerance. A
        prediction that does not move at all violates nothing.
        """
        if evidence.challenger.shape[1] > 2:
            return not_run(self.kind, "Expectations are for two classes or for values.")
        found = [(one, self._violating(evidence, one)) for one in self.expected]
        against = [(expectation, part) for expectation, part in found if part > self.share]
        if not against:
            one, part = max(found, key=lambda pair: pair[1])
            sentence = (
                f"Every expectation holds; the most violated is {one.feature}: "
                f"{part:.1%} of rows move against it."
            )
            return told(self.kind, True, sentence)
        parts = [
            f"{one.feature} is not {one.effect} for {part:.1%} of rows" for one, part in against
        ]
        return told(self.kind, False, f"{'; '.join(parts)}; {self.share:.1%} are allowed.")

    def _violating(self, evidence: Evidence, one: Expectation) -> float:
        """Return the share of rows that move against an expectation."""
        model, table = evidence.challenger_model, evidence.table
        if model is None or table is None or table.empty:
            raise CannotRun("The challenger or its features are missing.")
        if one.feature not in table.columns:
            raise CannotRun(f"The holdout has no feature {one.feature!r}.")
        values = table[one.feature].to_numpy(dtype=float)
        levels = np.unique(np.nanquantile(values, np.linspace(0.05, 0.95, self.steps)))
        if len(levels) < 2 or np.isnan(levels).any():
            raise CannotRun(f"{one.feature} takes a single value in the holdout.")
        sample = table.sample(min(len(table), self.rows), random_state=evidence.seed)
        moved = [model.predict(sample.assign(**{one.feature: level}))[:, -1] for level in levels]
        against = _furthest_fall(np.column_stack(moved), rising=one.effect == "increasing")
        return float(np.mean(against > one.tolerance))


def _furthest_fall(p: npt.NDArray[np.float64], *, rising: bool) -> npt.NDArray[np.float64]:
    """Return how far each row (n, steps) ever falls below what it reached before (n,)."""
    signed = p if rising else -p
    fall: npt.NDArray[np.float64] = (np.maximum.accumulate(signed, axis=1) - signed).max(axis=1)
    return fall
