"""The power of the drift tests: the least rows of a window in which they find a stated change."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

SHIFT, POWER = 0.5, 0.8
"""The change, in standard deviations of a normal feature, and the chance of finding it."""

RARE = 0.05
"""The share up to which categories are told apart."""

_MOVED = 2 * NormalDist().cdf(SHIFT / 2) - 1
"""The share of the rows that it moves across the value half-way, 20 %: the distance of KS."""


def rows_for_ks(level: float, reference: int) -> float:
    """Return the rows at which the two-sample KS test finds the shift; infinite where none do.

    Args:
        level: of the test, with what control over all tests leaves to one.
        reference: rows of the other sample.
    """
    from scipy.optimize import brentq
    from scipy.special import kolmogi

    critical = float(kolmogi(level))
    root = brentq(lambda size: ks_power(size, critical) - POWER, 0.0, 100.0, rtol=1e-4)
    return _window(root**2, reference)


def ks_power(root: float, critical: float) -> float:
    """Return the asymptotic power against the shift where the distance times `root` decides.

    That is the chance that a Brownian bridge comes above ``critical - root g(t)``, with
    ``g(t) = t - Phi(Phi^-1(t) - shift)`` the gap between both distributions. The boundary is taken
    as a straight line over each of 16 steps, over which the chance of a crossing is
    ``exp(-2 u v / step)`` with the distances u and v to it at both ends.

    Args:
        root: of the effective size.
        critical: value of Kolmogorov's limit distribution.

    Source: Wang & Pötzelberger, Boundary crossing probability for Brownian motion and general
    boundaries, Journal of Applied Probability 34(1), 1997.
    """
    from scipy.special import ndtr, ndtri

    step, width = 1 / 16, 0.05
    times = np.arange(17) * step
    boundary = critical - root * (times - ndtr(ndtri(times) - SHIFT))
    below = np.arange(1, 161) * width  # the boundary, by so much
    start, density = np.array([critical]), np.ones(1)
    for place, move in enumerate(np.diff(boundary)):
        end = below if place < 15 else np.array([critical])
        steps = (move + start[:, None] - end) ** 2 / (2 * step)
        stays = -np.expm1(-2 * start[:, None] * end / step)
        density = density @ (np.exp(-steps) * stays) / math.sqrt(2 * math.pi * step)
        density, start = density * width, end
    return 1 - float(density[0]) / width * math.sqrt(2 * math.pi)


def rows_for_chi_square(level: float, reference: int, shares: Sequence[float]) -> float:
    """Return the rows at which the chi-square test finds a commonest category that became rarer.

    It loses as large a share of the rows as a normal feature's shift moves across one value, 20 %
    of them, and the others gain in proportion; 0 where it has less to lose. The statistic is then
    a non-central chi-square with ``n moved² / (p (1 - p))``, p being the share before or after,
    whichever makes more rows necessary. Categories of less than 5 % count as one, as the test joins
    those of which it expects few rows.

    Args:
        level: as of `rows_for_ks`.
        reference: rows of the other sample.
        shares: of the categories.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, chapter 7.
    """
    from scipy.special import chdtri, chndtrinc

    share, common = max(shares, default=0.0), [one for one in shares if one >= RARE]
    freedom = len(common) - (len(common) == len(shares))
    if share < _MOVED or freedom < 1:
        return 0
    central = min(max(0.5, share - _MOVED), share)
    noncentrality = float(chndtrinc(float(chdtri(freedom, level)), freedom, 1 - POWER))
    return _window(noncentrality * central * (1 - central) / _MOVED**2, reference)


def _window(effective: float, reference: int) -> float:
    """Return the rows that give an effective size beside those of the reference."""
    if effective >= reference:
        return math.inf
    return math.ceil(effective * reference / (reference - effective))
