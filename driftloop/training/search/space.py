"""The space of a search: values or ranges by setting, and a seeded sample of them."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from driftloop.base.settings import Settings
from driftloop.training.estimators import Choice

Parameters = dict[str, Any]


class Range(Settings):
    """Numbers from `low` to `high`, both included."""

    low: int | float = Field(description="Smallest value.")
    high: int | float = Field(description="Largest value.")
    log: bool = Field(default=False, description="Even over orders of magnitude; low must be > 0.")
    integer: bool = Field(default=False, description="Whole numbers only.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} must be smaller than high {self.high:g}")
        if self.integer and (self.low != int(self.low) or self.high != int(self.high)):
            raise ValueError(
                f"integer: true needs whole ends, received {self.low:g} and {self.high:g}"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"log: true needs low > 0, received {self.low:g}")
        return self

    @property
    def samples(self) -> tuple[int | float, ...]:
        """Both ends and a value between them, which has to be whole only where `integer` is set."""
        between = self.low + (self.high - self.low) * 0.618034
        ends = (int(self.low), int(self.high)) if self.integer else (self.low, self.high)
        return (*ends, round(between) if self.integer else between)

    def rvs(self, random_state: np.random.RandomState) -> int | float:
        """Return one value at random; scikit-learn's ``ParameterSampler`` calls it."""
        ends = (float(self.low), float(self.high))
        drawn = (
            float(np.exp(random_state.uniform(*np.log(ends))))
            if self.log
            else float(random_state.uniform(*ends))
        )
        return round(drawn) if self.integer else min(max(drawn, ends[0]), ends[1])


Trials = Annotated[
    int,
    Field(ge=0, le=500, description="Proposals beside the configured settings; 0 turns it off."),
]
Space = dict[
    str,
    Annotated[
        Annotated[Range, Tag("<range>")]
        | Annotated[tuple[Choice, ...], Field(min_length=1), Tag("<values>")],
        Discriminator(lambda value: "<range>" if isinstance(value, dict | Range) else "<values>"),
    ],
]


def propose(
    space: dict[str, Any], trials: int, configured: Parameters, seed: int
) -> list[Parameters]:
    """Return the configured settings, ``{}``, then a seeded sample of others without repeats."""
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    if not space or trials == 0:
        return [{}]
    spread = {
        name: values if isinstance(values, Range) else list(values)
        for name, values in space.items()
    }
    listed = not any(isinstance(values, Range) for values in spread.values())
    count = min(trials, len(ParameterGrid(spread))) if listed else trials
    proposals: list[Parameters] = [{}]
    for drawn in ParameterSampler(spread, count, random_state=seed):
        if drawn != configured and drawn not in proposals:
            proposals.append(drawn)
    return proposals
