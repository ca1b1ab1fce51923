"""Cramer's V."""

import math
from typing import Literal

from pydantic import Field

from driftloop.profiling.effect_sizes.base import CategoricalEffect
from driftloop.profiling.effect_sizes.binned import Binned


class CramersV(CategoricalEffect):
    """Cramer's V of window and category, at equal weights of both windows.

    Between 0, the shares are the same, and 1, no category occurs in both. The usual V depends on
    how many rows each window has: a reference of a million rows makes every change of a week look
    small. At equal weights it is a property of the two distributions, the root of half the sum of
    (p - q)^2 / (p + q), and equal to the usual one where both windows have the same size. Chance
    alone adds (B-1)(1/n + 1/m) / 4 to its square, which is subtracted; at equal sizes that is
    Bergsma's (B-1) / N. With fewer than ten rows a bin the usual weights are taken, at which alone
    that holds.

    Source: Bergsma, A bias-correction for Cramer's V and Tschuprow's T, J. Korean Stat. Soc. 42,
    2013.

    Example:
        >>> import numpy as np
        >>> binned = Binned(np.array([50.0, 50]) * 1e6, np.array([80.0, 20]) * 1e6)
        >>> round(CramersV().size(binned), 4)
        0.3145
    """

    label = "Cramér's V"
    kind: Literal["cramers_v"] = "cramers_v"
    floor: float = Field(
        default=0.16,
        ge=0,
        le=1,
        description="Values up to this do not count as drift; 0.16 is what a PSI of 0.1 gives.",
    )

    def size(self, binned: Binned) -> float:
        """Return the noise-corrected V (0 to 1)."""
        square = binned.pearson() / 4 if binned.sparse else binned.balanced()
        return math.sqrt(min(1.0, max(0.0, square - binned.chance / 4)))
