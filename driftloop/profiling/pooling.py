"""Rare categories are joined before a chi-square test, which needs some rows in every cell."""

from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]

LEAST_EXPECTED = 5.0
"""Source: Cochran, Some methods for strengthening the common chi-square tests, 1954."""


def pool(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> Table:
    """Return the counts of both samples (2, k) with rare categories joined into groups.

    Categories that expect fewer than five rows in the smaller sample are joined, the most frequent
    first, into groups that expect at least five; a rest that does not joins the last group.
    Frequent and rare are told from both samples together, which says nothing of how they differ,
    so that the choice does not bend the test. Categories in neither sample are left out, and a
    table of two categories is never joined.
    """
    counts = np.vstack([reference, current]).astype(np.float64)
    totals = counts.sum(axis=0)
    counts, totals = counts[:, totals > 0], totals[totals > 0]
    rows = counts.sum(axis=1)
    if counts.shape[1] <= 2 or not rows.all():
        return counts
    expected = totals * rows.min() / rows.sum()
    rare = np.flatnonzero(expected < LEAST_EXPECTED)
    if len(rare) == 0:
        return counts
    frequent = counts[:, expected >= LEAST_EXPECTED]
    rare = rare[np.argsort(-totals[rare], kind="stable")]
    return _with_groups(frequent, counts[:, rare], expected[rare])


def _with_groups(frequent: Table, rare: Table, expected: npt.NDArray[np.float64]) -> Table:
    starts, held = [0], 0.0
    for place, one in enumerate(expected):
        if held >= LEAST_EXPECTED:
            starts.append(place)
            held = 0.0
        held += float(one)
    if held < LEAST_EXPECTED and len(starts) > 1:
        starts.pop()
    grouped: Table = np.add.reduceat(rare, starts, axis=1)
    whole = len(starts) > 1 or expected.sum() >= LEAST_EXPECTED or frequent.shape[1] == 0
    if whole:
        return np.hstack([frequent, grouped])
    least = int(np.argmin(frequent.sum(axis=0)))
    frequent = frequent.copy()
    frequent[:, least] += grouped[:, 0]
    return frequent
