"""Tails: values beyond nearly all of the reference, to which a distance of distributions is blind.

A Kolmogorov-Smirnov distance and an index over deciles hardly see one value in fifty that is five
times as large as it should be; a model of numbers may well.
"""

from typing import NamedTuple

import numpy as np

from driftloop.drift.result import TestResult
from driftloop.profiling.column_pair import NumericPair

TAILS = "tails"
"""The name of the test."""

TAIL = 0.001
"""Share of the reference, at most, that lies beyond each end.

Of normal values that are wider in part it finds more than a larger one: chance puts little there.
"""

MANY = 100_000
"""Values beyond the ends from which on their count is taken to be normal."""

_HARDLY = 2.0
"""Standard errors below which a count is no finding at any level that a run has."""


class TailCounts(NamedTuple):
    """Values of the reference and of the window at or below `low` or above `high`."""

    before: int
    now: int
    low: float
    high: float


def count_tails(pair: NumericPair) -> TailCounts:
    """Return how many values lie beyond the edges that cut off `TAIL` of the reference."""
    reference, (n, m) = pair.reference, pair.rows
    most = int(TAIL * n)
    low = int(np.searchsorted(reference.below, most, side="right")) - 1
    high = int(np.searchsorted(reference.below, n - most))
    before, now = (
        (int(below[low]) if low >= 0 else 0) + rows - int(below[high])
        for below, rows in ((reference.below, n), (pair.below, m))
    )
    return TailCounts(
        before, now, float(reference.edges[max(low, 0)]), float(reference.edges[high])
    )


def tails_test(counts: TailCounts, rows: tuple[int, int]) -> TestResult | None:
    """Return the test of more values in the tails than chance gives; None where hardly more are.

    The edges are order statistics of the reference, so that what a window of the same distribution
    has beyond them does not depend on the distribution: given all values beyond, those of the
    window are hypergeometric (exceedances: Gumbel & von Schelling, Annals of Mathematical
    Statistics 21(2), 1950). The p-value is the chance of at least as many; of over `MANY` values
    that of a normal one with the same mean and variance. The statistic is by how much their share
    rose.

    Args:
        counts: values beyond the edges.
        rows: values in reference and window.
    """
    (n, m), blocks = rows, counts.before + 1
    mean = m * blocks / (n + 1)
    variance = mean * (n + 1 - blocks) * (n + 1 + m) / ((n + 1) * (n + 2))
    errors = (counts.now - 0.5 - mean) / max(variance, 1e-12) ** 0.5
    if errors < _HARDLY:
        return None
    rise = counts.now / m - counts.before / n
    if counts.before + counts.now > MANY:
        from scipy.special import ndtr

        return TestResult(TAILS, rise, float(ndtr(-errors)))
    from scipy.stats import hypergeom

    beyond = counts.before + counts.now
    return TestResult(TAILS, rise, float(hypergeom.sf(counts.now - 1, n + m, m, beyond)))
