"""Parquet batches of a table, one per period."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.base.periods import Every
from driftloop.snapshots.time_column import period_starts


def batches(table: pd.DataFrame, time: str, every: Every) -> Iterator[tuple[date, pd.DataFrame]]:
    """Yield the first day of each period that holds rows, and its rows.

    The table is in time order. Weeks begin on Monday; a period without rows yields nothing.
    """
    starts = period_starts(table[time].to_numpy(), every)
    days, firsts = np.unique(starts, return_index=True)
    for day, first, end in zip(days, firsts, [*firsts[1:], len(table)], strict=True):
        yield day.item(), table.iloc[first:end]


def write_batches(table: pd.DataFrame, time: str, every: Every, folder: Path) -> tuple[Path, ...]:
    """Write every batch to `folder` as ``YYYY-MM-DD.parquet`` and return the paths in order.

    All batches have the schema of the whole table, so that a column without values in one period
    keeps its type. The same table and library versions give the same bytes.
    """
    schema = pa.Schema.from_pandas(table, preserve_index=False).remove_metadata()
    place = schema.get_field_index(time)
    schema = schema.set(place, pa.field(time, pa.timestamp("us")))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for day, frame in batches(table, time, every):
        path = folder / f"{day}.parquet"
        arrow = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        pq.write_table(arrow.replace_schema_metadata(None), path, compression="zstd")
        paths.append(path)
    return tuple(paths)
