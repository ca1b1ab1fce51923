"""A sample of the rows of a slice, as a model reads them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.profiling.columns import feature_table
from tasks.monitoring.tables import features_for
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns
from tasks.snapshots.tall_columns import each_batch


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
    chosen = rng.choice(columns.rows, count, replace=False)
    wanted = np.zeros(columns.rows, dtype=bool)
    wanted[chosen] = True
    return list(each_batch(columns, names, _chosen, wanted))


def _chosen(batch: pd.DataFrame, wanted: npt.NDArray[np.bool_]) -> pd.DataFrame:
    return batch[wanted]
