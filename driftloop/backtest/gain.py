"""Gain of a policy, with an interval over the periods it was replayed on."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.serialize import RoundedScore

RESAMPLES, CONFIDENCE = 2000, 0.9


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean gain per period, with its interval."""

    mean: RoundedScore
    low: Annotated[RoundedScore, Field(description="Lower end, two-sided 90 %.")]
    high: RoundedScore

    @property
    def proven(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


def gain(differences: npt.NDArray[np.float64], confidence: float = CONFIDENCE) -> Gain:
    """Return the mean of the differences of each period (n,), NaN left out, with its interval.

    Periods depend on those before: they are resampled in moving blocks of the cube root of their
    number, rounded up. Few blocks show too little of how much they differ, so that both sides are
    widened as Student's t with a degree of freedom less than there are blocks exceeds the normal.
    The interval is NaN without two blocks.

    Source: Kunsch, Annals of Statistics 17(3), 1989; length of a block: Hall, Horowitz & Jing,
    Biometrika 82(3), 1995.
    """
    known = differences[~np.isnan(differences)]
    length = math.ceil(len(known) ** (1 / 3))
    blocks = math.ceil(len(known) / max(length, 1))
    if blocks < 2:
        return Gain(float(known.mean()) if len(known) else math.nan, math.nan, math.nan)
    rng = np.random.default_rng(0)
    starts = rng.integers(0, len(known) - length + 1, (RESAMPLES, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLES, -1)[:, : len(known)]
    mean, levels = float(known.mean()), [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(known[places].mean(axis=1), levels)
    wider = _few_blocks(blocks, levels[1])
    return Gain(mean, mean - wider * (mean - float(low)), mean + wider * (float(high) - mean))


def _few_blocks(blocks: int, level: float) -> float:
    """Return how much wider an interval is whose spread was estimated from so few blocks."""
    from scipy.special import stdtrit

    student = float(stdtrit(blocks - 1, level)) / NormalDist().inv_cdf(level)
    return student * math.sqrt(blocks / (blocks - 1))
