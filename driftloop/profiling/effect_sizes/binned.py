"""Two samples counted over the same bins."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]

MIN_ROWS_PER_BIN = 10
"""Fewer rows a bin of the smaller window than this bend logarithms and roots of shares."""


@dataclass(frozen=True, slots=True)
class CdfPair:
    """Both distribution functions of a number at the same points.

    Args:
        points: ascending values (k,), from the smallest to the largest of both samples.
        reference: share of the reference at or below each point (k,).
        current: share of the current values at or below each point (k,).
        scale: standard deviation of the reference; 0 where it is constant.
    """

    points: Counts
    reference: Counts
    current: Counts
    scale: float


@dataclass(frozen=True, slots=True)
class Binned:
    """Counts of reference and current window over the same bins (b,).

    `cdfs` returns both distribution functions of a number; None for categories. It is called only
    by effect sizes that need them, because they cost more than the counts.
    """

    reference: Counts
    current: Counts
    cdfs: Callable[[], CdfPair] | None = None

    @property
    def rows(self) -> tuple[float, float]:
        """Rows of reference and current window."""
        return float(self.reference.sum()), float(self.current.sum())

    @property
    def chance(self) -> float:
        """What chance alone adds to the sum of squared differences of the shares over the share.

        ``(b - 1)(1/n + 1/m)``, the expectation of Pearson's chi-square divided by its sizes.
        """
        n, m = self.rows
        return (self.filled - 1) * (1 / n + 1 / m)

    @property
    def filled(self) -> int:
        """Bins that hold any row."""
        return int(np.count_nonzero(self.reference + self.current))

    @property
    def sparse(self) -> bool:
        """Whether there are too few rows a bin for logarithms and roots of shares.

        The smaller window decides: its empty bins are what bends them, however large the other is.
        """
        return min(self.rows) < MIN_ROWS_PER_BIN * self.filled

    def shares(self, added: float = 0.0) -> tuple[Counts, Counts]:
        """Return the shares of both samples over the filled bins, `added` rows put in each."""
        filled = (self.reference + self.current) > 0
        parts = (self.reference[filled] + added, self.current[filled] + added)
        return parts[0] / parts[0].sum(), parts[1] / parts[1].sum()

    def pearson(self) -> float:
        """Return Pearson's chi-square times (1/n + 1/m): the sum of (p - q)^2 over the share.

        Without drift its expectation is `chance` times N / (N - 1), N = n + m, however few rows a
        bin holds (Haldane, Biometrika 31, 1940), which no other measure of difference has.
        """
        n, m = self.rows
        p, q = self.shares()
        pooled = (n * p + m * q) / (n + m)
        return float(((p - q) ** 2 / pooled).sum())

    def balanced(self) -> float:
        """Return half the sum of (p - q)^2 / (p + q): chi-square over N at equal sizes."""
        p, q = self.shares()
        return float(((p - q) ** 2 / (p + q)).sum() / 2)
