"""Control of false discoveries over all tests of a run."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Correction = Literal["benjamini-hochberg", "benjamini-yekutieli", "holm", "bonferroni"]
Values = npt.NDArray[np.float64]


def adjust_p_values(p_values: npt.ArrayLike, method: Correction) -> Values:
    """Return adjusted p-values: a test is rejected at level q where its adjusted p is at most q.

    Benjamini-Hochberg holds the share of false ones among the rejected, for independent tests and
    some forms of positive dependence; Benjamini-Yekutieli for any dependence. Holm and Bonferroni
    hold the chance of a single false one; Holm rejects no fewer. NaN, an undefined test, stays NaN
    and does not count as a test.

    Source: Benjamini & Hochberg, J. R. Stat. Soc. B 57(1), 1995; Benjamini & Yekutieli, Annals of
    Statistics 29(4), 2001; Holm, Scand. J. Statistics 6(2), 1979; Bonferroni's inequality.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    order = defined[np.argsort(p[defined], kind="stable")]
    scaled = p[order] * _factors(len(order), method)
    if method in ("benjamini-hochberg", "benjamini-yekutieli"):
        scaled = np.minimum.accumulate(scaled[::-1])[::-1]
    elif method == "holm":
        scaled = np.maximum.accumulate(scaled)
    adjusted[order] = np.minimum(1.0, scaled)
    return adjusted


def rejection_thresholds(level: float, count: int, method: Correction) -> Values:
    """Return the p-values at which the rejection of one of `count` tests can turn (count,)."""
    cuts: Values = level / _factors(count, method)
    return cuts


def _factors(count: int, method: Correction) -> Values:
    """Return what the smallest, second smallest … p-value is multiplied with."""
    rank = np.arange(1, count + 1)
    if method == "bonferroni":
        return np.full(count, float(count))
    if method == "holm":
        return (count - rank + 1).astype(float)
    harmonic = float((1 / rank).sum()) if method == "benjamini-yekutieli" else 1.0
    return count * harmonic / rank
