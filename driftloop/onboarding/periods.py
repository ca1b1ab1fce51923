"""The periods of a file: how long a window has to be, and how many rows it needs."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.periods import Every, every_span
from driftloop.drift.power import rows_for_chi_square, rows_for_ks
from driftloop.drift.settings import DriftSettings
from driftloop.snapshots.options import ColumnRole, Periods
from driftloop.snapshots.time_column import period_starts

_LENGTHS: tuple[Every, ...] = ("week", "month", "quarter", "year")
_ENOUGH, _FEWEST = 100, 30
"""Rows of a typical window, from which scores can be told, and of the least one that is judged."""

_MOST_SMALL = 0.1
"""The share of the windows that may hold too few rows."""


def find_periods(times: "pd.Series[Any]", requested: Every | None, tests: int) -> Periods:
    """Return the requested period, else the shortest from weeks on that holds enough rows.

    Enough is 100 rows, and what so many tests of features need.
    """
    if requested is not None:
        found = _periods(times, requested)
        reason = f"as requested; a typical {requested} holds {found.median:,} rows"
        return replace(found, reason=reason)
    sizes = [_periods(times, every) for every in _LENGTHS]
    needed = [max(_ENOUGH, _needed(len(times), one.every, tests)) for one in sizes]
    fitting = (place for place, one in enumerate(sizes) if one.median >= needed[place])
    place = next(fitting, len(sizes) - 1)
    shown = max(0, place - 1)  # why it is no shorter
    held = f"a typical {sizes[shown].every} holds {sizes[shown].median:,} rows"
    return replace(sizes[place], reason=f"{held}, and {needed[shown]} are needed")


def with_least_rows(
    periods: Periods, table: pd.DataFrame, time: str, columns: tuple[ColumnRole, ...]
) -> Periods:
    """Return periods with the rows below which a window is inconclusive.

    As many as the tests need to find a shift by half a standard deviation, or a commonest category
    that becomes rarer by as much, with 80 %: at the level that the budget of false alarms leaves to
    each of the features. No more than nine of ten whole periods hold.
    """
    tested = [column for column in columns if column.role in ("numeric", "categorical")]
    tested = [column for column in tested if not column.calendar]
    categorical = [
        table[column.name].value_counts(normalize=True).tolist()
        for column in tested
        if column.role == "categorical"
    ]
    needed = _needed(len(table), periods.every, len(tested), categorical)
    sizes = _sizes(table[time], periods.every)
    whole = sizes[1:-1] if len(sizes) > 2 else sizes
    held = int(np.quantile(whole, _MOST_SMALL, method="lower"))
    least = max(_FEWEST, min(needed, held))
    return replace(periods, small=int((sizes < least).sum()), least=least, needed=needed)


def _needed(
    rows: int, every: Every, tests: int, categorical: list[list[float]] | None = None
) -> int:
    """Return the rows that tests need beside half of the file; all of it where that is too few."""
    run = DriftSettings().level_of_run(365.25 / every_span(every).days)
    level, reference = run / max(1, tests), rows // 2
    shares = categorical or []
    needed = [rows_for_chi_square(level, reference, one) for one in shares]
    if len(shares) < max(1, tests):
        needed.append(rows_for_ks(level, reference))
    return int(min(rows, max(needed)))


def _periods(times: "pd.Series[Any]", every: Every) -> Periods:
    sizes = _sizes(times, every)
    return Periods(every, "", len(sizes), int(np.median(sizes)), 0)


def _sizes(times: "pd.Series[Any]", every: Every) -> npt.NDArray[np.int64]:
    """Return the rows of each period that holds any, in time order."""
    counts: npt.NDArray[np.int64] = np.unique(
        period_starts(times.to_numpy(), every), return_counts=True
    )[1]
    return counts
