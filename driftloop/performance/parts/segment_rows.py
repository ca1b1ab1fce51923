"""Segments: the rows that hold one value of a column, told apart in two tables alike."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

MOST_VALUES = 10
"""Values of a column that are segments of their own, the most frequent in the reference."""

OTHER, MISSING = "other values", "no value"

Rows = npt.NDArray[np.bool_]


class Segment(NamedTuple):
    """A part of the rows: its column, its name, and its rows in the reference and in the window."""

    column: str
    name: str
    reference: Rows
    current: Rows


def segments_of(
    reference: pd.DataFrame, current: pd.DataFrame, columns: tuple[str, ...], least: int
) -> Iterator[Segment]:
    """Yield the segments by each column that have at least `least` rows on both sides.

    The values of a column beyond the `MOST_VALUES` most frequent of the reference, and those that
    it never held, are one segment together. A column that one of the tables lacks has none, and a
    segment that has all rows of the window is left out: it is judged as a whole.
    """
    for column in columns:
        if column not in reference.columns or column not in current.columns:
            continue
        before, now = value_names(reference[column]), value_names(current[column])
        values, counts = np.unique(before, return_counts=True)
        frequent = values[np.lexsort((values, -counts))][:MOST_VALUES]
        sides = [np.where(np.isin(side, frequent), side, OTHER) for side in (before, now)]
        for value in dict.fromkeys((*frequent, OTHER)):
            rows = sides[0] == value, sides[1] == value
            if min(side.sum() for side in rows) >= least and not rows[1].all():
                yield Segment(column, f"{column}={value}", *rows)


def value_names(values: "pd.Series[Any]") -> npt.NDArray[np.object_]:
    """Return each value as a text: 1 and 1.0 are the same one."""
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in unique]
    return np.array([*texts, MISSING], dtype=object)[codes]
