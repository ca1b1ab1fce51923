"""A sample of the rows of a slice, as a model reads them."""

from typing import Any

import numpy as np
import pandas as pd

from driftloop.profiling.columns import feature_table
from tasks.monitoring.tables import features_for
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns

BATCH = 65_536


def sampled_features(
    job: Job, columns: ParquetColumns, rows: int, seed: int = 0, model: Any = None
) -> pd.DataFrame:
    """Return a seeded sample of rows as a model reads them, read batch by batch.

    Without a `model` they are as the configured one will.
    """
    features = features_for(job, model)
    names = features.names
    parts = sampled_rows(columns, names, rows, seed)
    there = [name for name in names if any(name in part.columns for part in parts)] or list(names)
    tables = [  # each by itself: two batches may hold a code in two types
        feature_table(part.reindex(columns=there), *features)
        for part in parts or [pd.DataFrame(columns=there)]
    ]
    return pd.concat(tables, ignore_index=True)


def sampled_rows(
    columns: ParquetColumns, names: tuple[str, ...], rows: int, seed: int = 0
) -> list[pd.DataFrame]:
    """Return a seeded sample of rows as they are stored, one table a batch."""
    rng = np.random.default_rng(seed)
    count = min(columns.rows, rows)
    chosen = np.sort(rng.choice(columns.rows, count, replace=False))
    parts, start = [], 0
    for batch in columns.row_batches(names, BATCH):
        inside = chosen[(chosen >= start) & (chosen < start + len(batch))] - start
        parts.append(batch.iloc[inside])
        start += len(batch)
    return parts
