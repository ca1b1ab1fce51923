"""Business figures of a run: over the window whose labels have arrived."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, valid_choices
from driftloop.base.periods import naive
from driftloop.base.records import BusinessValue
from driftloop.config.business import BusinessFigure
from driftloop.snapshots.read_table import read_file
from driftloop.snapshots.table_source import Source
from driftloop.snapshots.time_column import parse_times
from tasks.runtime.job import Job
from tasks.snapshots.parquet import read_slice

if TYPE_CHECKING:
    import pandas as pd


def business_values(job: Job, labelled: DataSlice) -> tuple[BusinessValue, ...]:
    """Return each configured figure over the window of the labelled rows.

    One that cannot be read is not known, and says why: it is beside the loop and stops no run.
    """
    return tuple(_value(job, labelled, figure) for figure in job.config.business)


def _value(job: Job, labelled: DataSlice, figure: BusinessFigure) -> BusinessValue:
    try:
        return figure.of(_values(job, labelled, figure))
    except DataError as error:
        return figure.unknown(str(error))


def _values(job: Job, labelled: DataSlice, figure: BusinessFigure) -> "pd.Series[Any]":
    if figure.table is None:
        rows = read_slice(labelled, (figure.column,), job.config.data.time, job.workspace)
        if figure.column not in rows:
            raise DataError(f"no column {figure.column!r} in the batches")
        return rows[figure.column]
    table, lines = read_file(job.workspace.root / figure.table, {figure.date})
    for name in (figure.date, figure.column):
        if name not in table.column_names:
            raise DataError(f"{figure.table}: {valid_choices(name, table.column_names)}")
    rows = table.select([figure.date, figure.column]).to_pandas(date_as_object=False)
    times = parse_times(Source(Path(figure.table), rows[[figure.date]], lines), figure.date)
    window = labelled.window
    inside = (times >= naive(window.start)) & (times < naive(window.end))
    values: pd.Series[Any] = rows.loc[inside.to_numpy(), figure.column]
    return values
