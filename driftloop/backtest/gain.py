"""What a policy gained, with an interval over the periods it was replayed on."""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.serialize import RoundedScore

RESAMPLES, CONFIDENCE = 2000, 0.9


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean gain of the metric per period, with its interval."""

    mean: RoundedScore
    low: Annotated[RoundedScore, Field(description="Lower end, 90 % two-sided.")]
    high: RoundedScore

    @property
    def proven(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


def gain(differences: npt.NDArray[np.float64], seed: int = 0) -> Gain:
    """Return the mean of the differences of each period (n,), NaN left out, with its interval.

    Periods depend on those before: they are resampled in moving blocks of the cube root of their
    number, rounded up. NaN without two periods.

    Source: Kunsch, Annals of Statistics 17(3), 1989; length of a block: Hall, Horowitz & Jing,
    Biometrika 82(3), 1995.
    """
    known = differences[~np.isnan(differences)]
    if len(known) < 2:
        return Gain(math.nan, math.nan, math.nan)
    length = math.ceil(len(known) ** (1 / 3))
    blocks = math.ceil(len(known) / length)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, len(known) - length + 1, (RESAMPLES, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLES, -1)[:, : len(known)]
    low, high = np.quantile(
        known[places].mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    )
    return Gain(float(known.mean()), float(low), float(high))
