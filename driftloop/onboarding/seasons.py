"""Seasons of the training period, so that a season does not count as drift."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.periods import naive
from driftloop.snapshots.options import Inferred, Season
from driftloop.snapshots.time_column import period_starts

CYCLES, EXPLAINED, LEVEL = 3, 0.5, 0.001
"""Cycles that are needed, the share that their parts explain, and the level, over all features."""

ENOUGH_ROWS = 500
_MOST_AROUND = 4
_UNITS = {"year": ("week", "month", "quarter"), "week": ("day",)}


def find_season(table: pd.DataFrame, inferred: Inferred) -> Season | None:
    """Return the cycle that the training period repeats itself in; None where it does not.

    The means of a numeric feature over windows are compared between the parts of a cycle (months of
    a year, days of a week) and within them, between cycles: an analysis of variance. A season has
    parts that explain half of the variance, beyond chance, in three whole cycles or more. Windows
    beside the same part count too where it alone would hold few rows, as long as a cycle has many.

    Source: one-way analysis of variance, Fisher, Statistical Methods for Research Workers, 1925.
    """
    every, names = inferred.periods.every, inferred.named("numeric")
    before = table[table[inferred.time] < naive(inferred.training.until)]
    for cycle, units in _UNITS.items():
        if every not in units or before.empty:
            continue
        windows = before.assign(_start=period_starts(before[inferred.time].to_numpy(), every))
        means = windows.groupby("_start")[[column.name for column in names]].mean()
        part, number = _places(means.index, cycle)
        cycles = len(set(number))
        if cycles < CYCLES:
            continue
        shares = {name: _explained(means[name], part, len(names)) for name in means.columns}
        best = max(shares, key=lambda name: shares[name], default=None)
        if best is None or shares[best] < EXPLAINED:
            continue
        reason = (
            f"the part of the {cycle} explains {shares[best]:.0%} of how {best} differs from "
            f"{every} to {every}"
        )
        return Season(cycle, _around(inferred, cycles, every), reason)  # type: ignore[arg-type]
    return None


def _around(inferred: Inferred, cycles: int, every: str) -> int:
    wanted = ENOUGH_ROWS / max(1, inferred.periods.median * min(cycles, 10))
    return 0 if every == "quarter" else min(_MOST_AROUND, max(0, int(np.ceil((wanted - 1) / 2))))


def _places(starts: Any, cycle: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return which part of its cycle each window is, and of which cycle."""
    days = pd.DatetimeIndex(starts)
    if cycle == "week":
        return days.day_of_week.to_numpy(), (
            days.to_numpy().astype("datetime64[D]").astype(int) + 3
        ) // 7
    return days.month.to_numpy(), days.year.to_numpy()


def _explained(means: "pd.Series[Any]", part: npt.NDArray[Any], tests: int) -> float:
    """Return the share of the variance that the parts explain, adjusted; 0 where it is chance."""
    from scipy.stats import f as f_distribution

    values, known = means.to_numpy(dtype=float), means.notna().to_numpy()
    values, part = values[known], part[known]
    groups = [values[part == value] for value in np.unique(part)]
    between, within = len(groups) - 1, len(values) - len(groups)
    if between < 1 or within < between or values.std() == 0:
        return 0.0
    rest = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    total = float(((values - values.mean()) ** 2).sum())
    if rest <= 0:
        return 1.0
    statistic = ((total - rest) / between) / (rest / within)
    if tests * f_distribution.sf(statistic, between, within) > LEVEL:
        return 0.0
    return 1 - (rest / within) / (total / (len(values) - 1))
