"""The bases of effect sizes: one for numbers, one for categories."""

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field

from driftloop.base.settings import Settings
from driftloop.profiling.effect_sizes.binned import Binned, Counts


class EffectSize(Settings):
    """The size of a change between two samples, and the floor that it has to exceed."""

    label: ClassVar[str]
    """The usual name, for reports and messages."""

    squared: ClassVar[bool] = False
    """Whether it grows with the square of a small shift, as PSI does, and not with the shift."""

    kind: str
    floor: float = Field(
        default=0.1, ge=0, description="Effects up to this size do not count as drift."
    )

    @abstractmethod
    def size(self, binned: Binned) -> float:
        """Return the noise-corrected effect, 0 or more."""

    def reach(self, reference: Counts, rows: int) -> float:
        """Return the effect of a window of so many rows that all lie where the reference has least.

        None is larger: effects are convex in the shares of the window. Infinite where it depends on
        how far values go. `reference` are the rows of each bin (b,).
        """
        current = np.zeros(len(reference))
        current[np.argmin(reference)] = rows
        largest = self.size(Binned(reference, current))
        return math.inf if math.isnan(largest) else largest


class NumericEffect(EffectSize):
    """An effect size of numeric features."""

    bins: int = Field(default=10, ge=2, le=100, description="Number of reference-quantile bins.")


class CategoricalEffect(EffectSize):
    """An effect size of categorical features."""
