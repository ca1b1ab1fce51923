"""Sorting of numbers: numpy's result, sooner.

numpy 1 sorts float64 by comparisons. Up to `COMPILED_MIN_ROWS` values are first dealt out to 65,536
cells of equal width, which is a quick sort of 16-bit numbers, and what is nearly in order then is
put right by a sort that is quick on such input. From there on a compiled radix sort takes over.
"""

import numpy as np
import numpy.typing as npt

from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.columns import Numbers

DEALT_FROM = 2000
"""Number of values from which dealing them out costs less than it saves."""

_LAST_CELL = 65_535
_SAMPLE = 256


def sorted_numbers(values: Numbers) -> Numbers:
    """Return finite values in ascending order, in an array of their own."""
    if len(values) >= COMPILED_MIN_ROWS:
        from driftloop.profiling.loops_numba import radix_sorted

        return np.asarray(radix_sorted(np.ascontiguousarray(values)))
    cells = _cells(values) if len(values) >= DEALT_FROM else None
    if cells is None:
        return np.sort(values)
    dealt: Numbers = values[np.argsort(cells, kind="stable")]
    dealt.sort(kind="stable")
    return dealt


def _cells(values: Numbers) -> npt.NDArray[np.uint16] | None:
    """Return the cell of each value (n,), the same order as theirs; None where cells do not help.

    A sample sets the scale, so that a few outliers do not leave all the others in one cell.
    """
    sample = np.sort(values[:: len(values) // _SAMPLE])
    low, high = float(sample[len(sample) // 32]), float(sample[-len(sample) // 32])
    low, high = low - (high - low), high + (high - low)
    with np.errstate(over="ignore", divide="ignore"):
        scale = np.float64(_LAST_CELL) / (high - low)
    if not 0 < scale < np.inf:
        return None
    return ((np.clip(values, low, high) - low) * scale).astype(np.uint16)
