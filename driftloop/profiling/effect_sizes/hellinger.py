"""Hellinger distance."""

import math
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, Counts


class Hellinger(NumericEffect, CategoricalEffect):
    """Hellinger distance over reference-quantile bins, or over categories.

    The root of 1 - sum of sqrt(p q), between 0 and 1. Prefer it to `JensenShannon` where small
    shares matter: it weighs them a little more. To second order its square is an eighth of the
    sum of (p - q)^2 / p, so chance alone adds (B-1)(1/n + 1/m) / 8, which is subtracted before
    the root. With fewer than ten rows a bin an eighth of Pearson's chi-square takes its place.

    Source: Pardo, Statistical Inference Based on Divergence Measures, 2006.

    Example:
        >>> binned = Binned(np.array([50.0, 50]) * 1e6, np.array([80.0, 20]) * 1e6)
        >>> round(Hellinger().size(binned), 4)
        0.2265
    """

    label = "Hellinger"
    kind: Literal["hellinger"] = "hellinger"
    floor: float = Field(
        default=0.11,
        ge=0,
        le=1,
        description="Distances up to this do not count as drift; 0.11 is what a PSI of 0.1 gives.",
    )

    def size(self, binned: Binned) -> float:
        """Return the noise-corrected distance (0 to 1)."""
        square = binned.pearson() / 8 if binned.sparse else hellinger_square(*binned.shares())
        return math.sqrt(min(1.0, max(0.0, square - binned.chance / 8)))


def hellinger_square(p: Counts, q: Counts) -> float:
    """Return the squared Hellinger distance of two vectors of shares."""
    return max(0.0, 1.0 - float(np.sqrt(p * q).sum()))
