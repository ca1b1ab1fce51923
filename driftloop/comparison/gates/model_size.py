"""The gate on the stored size of the challenger."""

from typing import Literal

from pydantic import Field

from driftloop.base.scores import format_number
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs


class ModelSize(Gate):
    """The challenger as stored is no larger than the maximum."""

    needs_size = True
    kind: Literal["model_size"] = "model_size"
    maximum: float = Field(gt=0, description="Megabytes (10^6 bytes) that the model may take.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the stored model stays within the maximum."""
        size = inputs.challenger_model.size if inputs.challenger_model else None
        if size is None:
            raise CannotRun("The size of the challenger is unknown.")
        sentence = (
            f"The model takes {format_number(size / 1e6)} MB; {self.maximum:g} MB are allowed."
        )
        return size <= self.maximum * 1e6, sentence
