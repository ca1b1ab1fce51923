"""Normalised Wasserstein distance."""

import math
from typing import Literal

import numpy as np
from pydantic import Field

from driftloop.profiling.effect_sizes.base import NumericEffect
from driftloop.profiling.effect_sizes.binned import Binned, CdfPair, Counts

CONSTANT = 10.0
"""What any change of a constant column counts as: ten standard deviations of nothing."""


class NormalisedWasserstein(NumericEffect):
    """How far values moved on average, in standard deviations of the reference.

    The area between the two distribution functions, taken as linear between 200 quantiles of the
    reference. Prefer it to PSI where it matters how far values went, not only how many. The area
    that chance alone leaves is, at each point, sqrt(2/pi) sqrt(F(1 - F)(1/n + 1/m)) high; its
    square is subtracted from the square of the area. A constant reference has no scale: any change
    of it counts as 10.

    Source: Ramdas, Garcia Trillos, Cuturi, On Wasserstein two-sample testing and related families
    of nonparametric tests, Entropy 19(2), 2017.

    Example:
        >>> points = np.array([0.0, 1.0, 2.0])
        >>> cdfs = CdfPair(points, np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0, 1.0]), 1.0)
        >>> binned = Binned(np.array([1e9]), np.array([1e9]), lambda: cdfs)
        >>> round(NormalisedWasserstein().size(binned), 4)
        0.5
    """

    label = "Wasserstein"
    kind: Literal["wasserstein"] = "wasserstein"
    bins: int = Field(default=10, ge=2, le=100, description="Quantile bins shown in reports.")
    floor: float = Field(
        default=0.3,
        ge=0,
        description="Moves up to this many standard deviations do not count as drift.",
    )

    def size(self, binned: Binned) -> float:
        """Return the noise-corrected distance in standard deviations of the reference."""
        if binned.cdfs is None:
            return math.nan
        cdfs = _near_one(binned.cdfs())
        area = area_between(cdfs)
        if cdfs.scale == 0:
            return CONSTANT if area > 0 else 0.0
        corrected = max(0.0, area**2 - chance_area(cdfs, binned.rows) ** 2)
        return math.sqrt(corrected) / cdfs.scale


def _near_one(cdfs: CdfPair) -> CdfPair:
    """Return values scaled by a power of two, so that their squares are in the range of floats."""
    size = math.frexp(float(np.abs(cdfs.points).max()))[1]
    points = np.ldexp(cdfs.points, -size)
    return CdfPair(points, cdfs.reference, cdfs.current, math.ldexp(cdfs.scale, -size))


def area_between(cdfs: CdfPair) -> float:
    """Return the integral of the absolute difference of two functions linear between points."""
    widths = np.diff(cdfs.points)
    gap = cdfs.reference - cdfs.current
    left, right = gap[:-1], gap[1:]
    same = left * right >= 0
    height = np.abs(left) + np.abs(right)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (left**2 + right**2) / (2 * height)
    return float((widths * np.where(same, height / 2, crossing)).sum())


def chance_area(cdfs: CdfPair, rows: tuple[float, float]) -> float:
    """Return the area to expect between two samples of the pooled distribution."""
    pooled = (rows[0] * cdfs.reference + rows[1] * cdfs.current) / sum(rows)
    height = np.sqrt(np.maximum(pooled * (1 - pooled), 0.0) * (1 / rows[0] + 1 / rows[1]))
    mean: Counts = (height[:-1] + height[1:]) / 2
    return math.sqrt(2 / math.pi) * float((np.diff(cdfs.points) * mean).sum())
