"""The training period: where it ends, and minimum row counts that it can meet.

It has to hold a holdout, its newest fifth, and training rows before it, with two classes in
both; otherwise no first champion could be trained, and it is better to know at once.
"""

from datetime import datetime, time
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import DataError, join_names
from driftloop.base.periods import every_span, format_time, naive, parse_time
from driftloop.performance.target import label_text
from driftloop.snapshots.options import Options, Periods, TrainingPart
from driftloop.snapshots.table_source import Source, fail
from driftloop.snapshots.time_column import period_starts

LEAST_ROWS = 100
HOLDOUT_SHARE = 0.2
_LATER = "set a later --train-until"

Days = npt.NDArray[np.datetime64]
Labels = npt.NDArray[Any]


def find_training_part(source: Source, options: Options, periods: Periods) -> TrainingPart:
    """Return the requested training period, else the rows before the boundary that halves the file.

    The boundary is the first start of a period with at least half of the rows before it, so that
    a busy beginning is not stretched over a quiet end; the last start where none has. The minima
    grow with the rows of a typical period and never exceed what the training period holds.

    Raises:
        DataError: if the period is too short, holds one class, or its newest fifth does.
    """
    times = source.table[options.time]
    starts = period_starts(times.to_numpy(), periods.every)
    until, reason = _until(source, options, periods, starts)
    labels = source.table[options.label]
    inside = (times < naive(until)).to_numpy() & labels.notna().to_numpy()
    rows = int(inside.sum())
    where = f"the training period, the rows before {format_time(until)}"
    if options.served is not None:
        return _reference_part(source, until, reason, int((times < naive(until)).sum()))
    if rows < LEAST_ROWS:
        needed = f"{LEAST_ROWS} are needed: {_LATER}"
        fail(source.path, f"{where}, holds {rows:,} labelled rows; {needed}")
    quantity = options.task == "regression"
    text = labels[inside].to_numpy() if quantity else label_text(labels[inside])
    if len(set(text)) < 2 and not quantity:
        fail(source.path, f"{where}, holds only the class {text[0]!r}; {_LATER}")
    holdout = max(20, min(_scaled(periods.median, 200, 500), rows // 5))
    first = rows - max(int(rows * HOLDOUT_SHARE), holdout)
    begin = int(np.searchsorted(times[inside].to_numpy(), times[inside].to_numpy()[first]))
    per_class = (0, 0) if quantity else _per_class(source, text[:begin], text[begin:])
    return TrainingPart(
        until=until,
        reason=reason,
        rows=rows,
        minimum_rows=max(20, min(_scaled(periods.median, 200, 2000), rows // 2)),
        minimum_per_class=per_class[0],
        holdout_rows=holdout,
        holdout_per_class=per_class[1],
    )


def _reference_part(source: Source, until: datetime, reason: str, rows: int) -> TrainingPart:
    """Return the rows that a log is compared with; nothing is trained on them."""
    if rows < LEAST_ROWS:
        where = f"before {format_time(until)} there are {rows:,} rows to compare with"
        fail(source.path, f"{where}, and {LEAST_ROWS} are needed: {_LATER}")
    return TrainingPart(until, reason, rows, 0, 0, 0, 0)


def _until(
    source: Source, options: Options, periods: Periods, starts: Days
) -> tuple[datetime, str]:
    if options.train_until is not None:
        return _requested(source, options, periods, starts), "as requested"
    later = np.unique(starts)[1:]
    if not len(later):
        advice = "set a shorter --every, or --train-until"
        fail(source.path, f"all rows lie in one {periods.every}; {advice}")
    before = np.searchsorted(starts, later)
    half = later[before >= len(starts) / 2]
    chosen = half[0] if len(half) else later[-1]
    share = np.searchsorted(starts, chosen) / len(starts)
    reason = f"the first {periods.every} with half of the rows before it ({share:.0%})"
    if not len(half):
        reason = f"the last {periods.every}; {share:.0%} of the rows lie before it"
    return parse_time(str(chosen)), reason


def _requested(source: Source, options: Options, periods: Periods, starts: Days) -> datetime:
    try:
        moment = parse_time(options.train_until)
    except DataError as error:
        raise DataError(f"--train-until: {error}") from None
    until = datetime.combine(moment.date(), time(), tzinfo=moment.tzinfo)
    first, last = parse_time(str(starts[0])), parse_time(str(starts[-1]))
    end = every_span(periods.every).after(last)
    if not first < until <= end:
        fail(
            source.path,
            f"--train-until {format_time(until)} is outside this file; choose a date after "
            f"{format_time(first)} and up to {format_time(end)}",
        )
    return until


def _scaled(rows: int, low: int, high: int) -> int:
    """Return the rows within bounds, rounded down to two significant digits."""
    unit: int = 10 ** max(0, len(str(rows)) - 2)
    return min(max(rows // unit * unit, low), high)


def _per_class(source: Source, training: Labels, holdout: Labels) -> tuple[int, int]:
    """Return the minimum rows of each class in the training rows and in the holdout."""
    return (
        _half_of_rarest(source, training, "before its newest fifth", 20),
        _half_of_rarest(source, holdout, "in its newest fifth", 10),
    )


def _half_of_rarest(source: Source, labels: Labels, where: str, limit: int) -> int:
    """Return half of the rarest class's rows, from 2 to `limit`.

    Raises:
        DataError: if there is one class only, or one with a single row.
    """
    counts = pd.Series(labels).value_counts()
    least = 0 if counts.empty else int(counts.min())
    if len(counts) < 2:
        names = join_names(map(repr, counts.index))
        problem = f"the training period holds only the class {names} {where}"
        fail(source.path, f"{problem}, where two are needed; {_LATER}")
    if least < 2:
        problem = f"the training period holds a single row of the class {counts.idxmin()!r} {where}"
        fail(source.path, f"{problem}; {_LATER}, or merge rare classes")
    return min(max(least // 2, 2), limit)
