"""Control of false discoveries over all tests of a run."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Correction = Literal["benjamini-hochberg", "bonferroni"]


def adjust(p_values: npt.ArrayLike, method: Correction) -> npt.NDArray[np.float64]:
    """Return adjusted p-values: a test is rejected at level q where its adjusted p is at most q.

    NaN, an undefined test, stays NaN and does not count as a test.

    Source: Benjamini & Hochberg, J. R. Stat. Soc. B 57(1), 1995; Bonferroni's inequality.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    count = len(defined)
    if method == "bonferroni":
        adjusted[defined] = np.minimum(1.0, p[defined] * count)
        return adjusted
    order = defined[np.argsort(p[defined])[::-1]]
    scaled = p[order] * count / np.arange(count, 0, -1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return adjusted
