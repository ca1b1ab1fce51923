"""The gate on size: the challenger fits where it is served."""

from typing import Literal

from pydantic import Field

from driftloop.base.scores import GateResult
from driftloop.base.settings import Settings
from driftloop.comparison.gates.evidence import Evidence, not_run, told


class ModelSize(Settings):
    """The challenger as stored is no larger than the maximum."""

    kind: Literal["model_size"] = "model_size"
    maximum: float = Field(gt=0, description="Megabytes (10^6 bytes) that the model may take.")

    def check(self, evidence: Evidence) -> GateResult:
        """Return whether the stored model stays within the maximum."""
        size = evidence.challenger_model.size if evidence.challenger_model else None
        if size is None:
            return not_run(self.kind, "The size of the challenger is not known.")
        sentence = f"The model takes {size / 1e6:.3g} MB; {self.maximum:g} MB are allowed."
        return told(self.kind, size <= self.maximum * 1e6, sentence)
