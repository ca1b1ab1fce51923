"""Compiled inner loops. Importing this module loads numba, so import it only for large arrays."""

import numba
import numpy as np
import numpy.typing as npt

STEPS = 13
"""Cells an octave: 2 to this power. More cells leave fewer edges to search in each."""

_SHIFT = 52 - STEPS

BITS = 11
PASSES = 6
"""Six digits of eleven bits hold the 64 bits of a float."""

_BUCKETS = 1 << BITS
_DIGIT = np.uint64(_BUCKETS - 1)
_SIGN = np.uint64(1 << 63)


@numba.njit(inline="always")
def _cell(value, middle, bend, first, top):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Number a value on a scale that is linear near the middle and logarithmic beyond.

    The exponent and leading mantissa bits of a float64 count octaves, so that shifting them gives
    a cell without a logarithm. The scale never falls as the value rises, which is all that the
    search needs to be exact.
    """
    distance = value - middle
    if distance >= 0:
        return top + min((np.float64(distance + bend).view(np.int64) >> _SHIFT) - first, top)
    below = (np.float64(bend - distance).view(np.int64) >> _SHIFT) - first
    return top - 1 - min(below, top - 1)


@numba.njit(nogil=True, cache=True)
def cells(values, middle, bend, first, top, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the cell of each value into `out`."""
    for row in range(values.size):
        out[row] = _cell(values[row], middle, bend, first, top)


@numba.njit(nogil=True, cache=True)
def count(  # type: ignore[no-untyped-def]  # pragma: no cover
    edges, guide, middle, bend, first, top, values, codes, counts
):
    """Write how many edges lie below each value into `codes`, and count the codes.

    `guide` says for each cell of the scale where its first edge is: only the few edges of a
    value's own cell are searched.
    """
    for row in range(values.size):
        value = values[row]
        cell = _cell(value, middle, bend, first, top)
        low = guide[cell]
        high = guide[cell + 1]
        while low < high:
            half = (low + high) >> 1
            if edges[half] < value:
                low = half + 1
            else:
                high = half
        codes[row] = low
        counts[low] += 1


def octave(value: float) -> int:
    """Return the cell of a positive number on the logarithmic scale, before any shift."""
    bits: npt.NDArray[np.int64] = np.array([value], dtype=np.float64).view(np.int64)
    return int(bits[0] >> _SHIFT)


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
    counts = np.zeros((PASSES, _BUCKETS), dtype=np.int64)
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
    for cell in range(_BUCKETS):
        count = counts[cell]
        counts[cell] = place
        place += count
