"""The bases of effect sizes: one for numbers, one for categories."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from driftloop.base.settings import Settings
from driftloop.profiling.effect_sizes.binned import Binned


class EffectSize(Settings):
    """The size of a change between two samples, and the floor that it has to exceed."""

    label: ClassVar[str]
    """The usual name, for reports and messages."""

    kind: str
    floor: float = Field(
        default=0.1, ge=0, description="Effects up to this size do not count as drift."
    )

    @abstractmethod
    def size(self, binned: Binned) -> float:
        """Return the noise-corrected effect, 0 or more."""


class NumericEffect(EffectSize):
    """An effect size of numeric features."""

    bins: int = Field(default=10, ge=2, le=100, description="Number of reference-quantile bins.")


class CategoricalEffect(EffectSize):
    """An effect size of categorical features."""
