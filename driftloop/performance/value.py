"""What each outcome of a prediction is worth, in money."""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from driftloop.base.settings import Settings
from driftloop.performance.metrics import Scores, Truth, predicted_classes
from driftloop.performance.target import Probabilities

OUTCOMES = ("true_negative", "false_positive", "false_negative", "true_positive")
"""By twice the true class plus the predicted one."""


class ValueSettings(Settings):
    """What a row is worth by what was predicted and what came true; a cost is negative."""

    true_positive: float = Field(default=0.0, description="A positive that was found.")
    false_positive: float = Field(default=0.0, description="A negative taken for a positive.")
    false_negative: float = Field(default=0.0, description="A positive that was missed.")
    true_negative: float = Field(default=0.0, description="A negative that was left alone.")
    per_unit_of_error: float = Field(
        default=0.0,
        le=0,
        description="Of a regression: each unit of the label by which a prediction is off.",
    )
    currency: str = Field(default="", description="The unit of all of them, such as EUR.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.of_error and len({getattr(self, name) for name in OUTCOMES}) == 1:
            raise ValueError(
                f"all outcomes are worth the same; give some of {', '.join(OUTCOMES)}, or "
                "per_unit_of_error of a regression"
            )
        if self.of_error and any(getattr(self, name) for name in OUTCOMES):
            raise ValueError(
                "per_unit_of_error is of a regression, which has no outcomes such as "
                f"{', '.join(OUTCOMES)}: give one or the other"
            )
        return self

    @property
    def of_error(self) -> bool:
        """Whether it is that of a regression."""
        return self.per_unit_of_error != 0

    def of_rows(self, y: Truth, p: Probabilities, threshold: float | None) -> Scores:
        """Return what each row is worth (n,), by class codes or values `y` and predictions `p`.

        Of two classes, rows are called by `threshold`, or the likelier one without it.
        """
        if self.of_error:
            errors: Scores = self.per_unit_of_error * np.abs(p[:, 0] - y)
            return errors
        worth = np.array([getattr(self, name) for name in OUTCOMES])
        values: Scores = worth[2 * y + predicted_classes(p, threshold)]
        return values
