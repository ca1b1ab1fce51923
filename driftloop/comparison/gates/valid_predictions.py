"""The gate that is always on: predictions are what they are meant to be."""

from typing import Literal

import numpy as np

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, told


class ValidPredictions(Settings):
    """Every prediction of the challenger is a finite probability or value. Always on."""

    kind: Literal["valid_predictions"] = "valid_predictions"

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether all values are finite, and probabilities within 0 to 1 and add up to 1."""
        p = evidence.challenger
        bad = ~np.isfinite(p).all(axis=1)
        if not evidence.regression:
            bad |= ((p < 0) | (p > 1)).any(axis=1) | ~np.isclose(p.sum(axis=1), 1, atol=1e-3)
        what = "number" if evidence.regression else "probability"
        wrong = int(bad.sum())
        return told(self.kind, wrong == 0, f"{wrong} of {len(p):,} predictions are no {what}.")
