"""Compiled radix sort. Importing this module loads numba, so import it only for large arrays."""

import numba
import numpy as np

BITS = 11
PASSES = 6
"""Six digits of eleven bits hold the 64 bits of a float."""

_CELLS = 1 << BITS
_DIGIT = np.uint64(_CELLS - 1)
_SIGN = np.uint64(1 << 63)


@numba.njit(nogil=True, cache=True)
def radix_sorted(values):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Return finite float64 values in ascending order, digit by digit from the last one.

    As whole numbers, floats with the sign bit flipped, and negative ones with all bits flipped, are
    in the order of their values. A digit that all values share is passed over. Minus zero comes
    before zero, which comparisons hold to be equal.
    """
    ordered = values.view(np.uint64).copy()
    other = np.empty_like(ordered)
    starts = _keys_and_counts(ordered)
    for digit in range(PASSES):
        if starts[digit].max() == ordered.size:
            continue
        _to_places(starts[digit])
        shift = np.uint64(BITS * digit)
        for row in range(ordered.size):
            key = ordered[row]
            cell = (key >> shift) & _DIGIT
            other[starts[digit, cell]] = key
            starts[digit, cell] += 1
        ordered, other = other, ordered
    for row in range(ordered.size):
        key = ordered[row]
        ordered[row] = key ^ _SIGN if key & _SIGN else ~key
    return ordered.view(np.float64)


@numba.njit(nogil=True, cache=True)
def _keys_and_counts(keys):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Turn the bits of floats into keys, in place, and count every digit of them."""
    counts = np.zeros((PASSES, _CELLS), dtype=np.int64)
    for row in range(keys.size):
        key = keys[row]
        key = ~key if key & _SIGN else key ^ _SIGN
        keys[row] = key
        for digit in range(PASSES):
            counts[digit, (key >> np.uint64(BITS * digit)) & _DIGIT] += 1
    return counts


@numba.njit(nogil=True, cache=True)
def _to_places(counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Turn counts into the place where each digit's values begin."""
    place = 0
    for cell in range(_CELLS):
        count = counts[cell]
        counts[cell] = place
        place += count
