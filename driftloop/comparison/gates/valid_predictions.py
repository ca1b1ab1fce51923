"""The gate that is always on: predictions are valid probabilities or numbers."""

from typing import Literal

import numpy as np

from driftloop.comparison.gates.base import Gate
from driftloop.comparison.gates.inputs import GateInputs


class ValidPredictions(Gate):
    """Every prediction of the challenger is a finite probability or value. Always on."""

    kind: Literal["valid_predictions"] = "valid_predictions"

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether all values are finite, and probabilities within 0 to 1 and add up to 1."""
        p = inputs.challenger
        bad = ~np.isfinite(p).all(axis=1)
        if not inputs.regression:
            bad |= ((p < 0) | (p > 1)).any(axis=1) | ~np.isclose(p.sum(axis=1), 1, atol=1e-3)
        what = "numbers" if inputs.regression else "probabilities"
        wrong = int(bad.sum())
        if not wrong:
            return True, f"All {len(p):,} predictions are valid {what}."
        return False, f"{wrong:,} of {len(p):,} predictions are not valid {what}."
