"""Jensen-Shannon distance."""

import math
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.profiling.effect_sizes.base import CategoricalEffect, NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, Counts


class JensenShannon(NumericEffect, CategoricalEffect):
    """Jensen-Shannon distance (base 2) over reference-quantile bins, or over categories.

    The root of the mean divergence of both samples from their mixture, between 0 and 1. Prefer it
    to PSI where a number between 0 and 1 is wanted: an empty bin does not make it explode. To
    second order the divergence is an eighth of the sum of (p - q)^2 / p, so chance alone adds
    (B-1)(1/n + 1/m) / 8 nats, which is subtracted before the root. With fewer than ten rows a
    bin an eighth of Pearson's chi-square takes its place.

    Source: Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37,
    1991; Endres & Schindelin, A new metric for probability distributions, ibid. 49, 2003.

    Example:
        >>> binned = Binned(np.array([10.0, 20, 40, 20, 10]) * 1e6,
        ...                 np.array([15.0, 25, 30, 20, 10]) * 1e6)
        >>> round(JensenShannon().size(binned), 4)
        0.104
    """

    label = "Jensen-Shannon"
    kind: Literal["jensen_shannon"] = "jensen_shannon"
    floor: float = Field(
        default=0.13,
        ge=0,
        le=1,
        description="Distances up to this do not count as drift; 0.13 is what a PSI of 0.1 gives.",
    )

    def size(self, binned: Binned) -> float:
        """Return the noise-corrected distance (0 to 1)."""
        nats = binned.pearson() / 8 if binned.sparse else divergence(*binned.shares())
        return math.sqrt(min(1.0, max(0.0, nats - binned.chance / 8) / math.log(2)))


def divergence(p: Counts, q: Counts) -> float:
    """Return the Jensen-Shannon divergence of two vectors of shares, in nats."""
    mixture = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log(side / mixture), 0.0) for side in (p, q)]
    return float((parts[0] + parts[1]).sum() / 2)
