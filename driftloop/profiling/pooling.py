"""Pooling of rare categories before a chi-square test, which needs some rows in every cell."""

from typing import Any

import numpy as np
import numpy.typing as npt

ContingencyTable = npt.NDArray[np.float64]

MIN_EXPECTED_COUNT = 5.0
"""Source: Cochran, Some methods for strengthening the common chi-square tests, 1954."""


def pool_rare_categories(
    reference: npt.NDArray[Any], current: npt.NDArray[Any]
) -> ContingencyTable:
    """Return the counts of both samples (2, k) with rare categories joined into groups.

    Categories that expect fewer than five rows in the smaller sample are joined, the most frequent
    first, into groups that expect at least five; a rest that does not joins the last group. What is
    rare depends on both samples together and not on how they differ, so the choice does not bias
    the test. Categories in neither sample are left out; two categories are never joined.
    """
    counts = np.vstack([reference, current]).astype(np.float64)
    totals = counts.sum(axis=0)
    counts, totals = counts[:, totals > 0], totals[totals > 0]
    rows = counts.sum(axis=1)
    if counts.shape[1] <= 2 or not rows.all():
        return counts
    expected = totals * rows.min() / rows.sum()
    rare = np.flatnonzero(expected < MIN_EXPECTED_COUNT)
    if len(rare) == 0:
        return counts
    frequent = counts[:, expected >= MIN_EXPECTED_COUNT]
    rare = rare[np.argsort(-totals[rare], kind="stable")]
    return _with_groups(frequent, counts[:, rare], expected[rare])


def _with_groups(
    frequent: ContingencyTable, rare: ContingencyTable, expected: npt.NDArray[np.float64]
) -> ContingencyTable:
    starts, group = [0], 0.0
    for place, count in enumerate(expected):
        if group >= MIN_EXPECTED_COUNT:
            starts.append(place)
            group = 0.0
        group += float(count)
    if group < MIN_EXPECTED_COUNT and len(starts) > 1:
        starts.pop()
    grouped: ContingencyTable = np.add.reduceat(rare, starts, axis=1)
    whole = len(starts) > 1 or expected.sum() >= MIN_EXPECTED_COUNT or frequent.shape[1] == 0
    if whole:
        return np.hstack([frequent, grouped])
    least = int(np.argmin(frequent.sum(axis=0)))
    frequent = frequent.copy()
    frequent[:, least] += grouped[:, 0]
    return frequent
