"""Proof that no holdout row was trained on: a hash of every row that a model has met."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.profiling.columns import category_text
from driftloop.profiling.whole_numbers import EXACT_BELOW

Hashes = npt.NDArray[np.uint64]


def row_hashes(table: pd.DataFrame, key: str | None, columns: tuple[str, ...]) -> Hashes:
    """Return a 64-bit hash of each row (n,): of its key, or of all it holds where it has none.

    With a key, a row that is delivered twice is the same row, whatever else changed. Without one,
    two rows are the same where every named column agrees, time and label among them. Two different
    rows share a hash with a chance of about n² / 2⁶⁵, 3e-8 for a million rows.
    """
    present = table[[name for name in columns if name in table.columns]]
    whole = pd.util.hash_pandas_object(_plain(present), index=False).to_numpy(np.uint64)
    hashes: Hashes = np.array(whole ^ _last_digits(present))
    if key is not None and key in table.columns:
        named = table[key].notna().to_numpy()
        text = pd.Series(category_text(table[key][named]), dtype=object)
        hashes[named] = pd.util.hash_pandas_object(text, index=False).to_numpy(np.uint64)
    return hashes


def shared_rows(holdout: Hashes, seen: Hashes) -> int:
    """Return how many holdout rows are among those that a model has met."""
    return int(np.isin(holdout, seen).sum())


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Give numbers and texts one form each, whichever type a batch stored them in."""
    columns: dict[str, pd.Series[Any]] = {}
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            columns[name] = column.astype("datetime64[us]").astype("int64")
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            columns[name] = column.astype(float)
        else:
            text = list(map(str, category_text(column)))  # one long text must not widen them all
            columns[name] = pd.Series(text, index=column.index, dtype=object)
    return pd.DataFrame(columns)


def _last_digits(table: pd.DataFrame) -> Hashes:
    """Return a hash (n,) of long whole numbers, of which a float lacks digits; 0 without any.

    Hashes that versions keep of rows without such numbers stay what they are.
    """
    hashes = np.zeros(len(table), np.uint64)
    for place, name in enumerate(table.columns):
        if not pd.api.types.is_integer_dtype(table[name]):
            continue
        long = (table[name] >= EXACT_BELOW) | (table[name] <= -EXACT_BELOW)
        rows = long.fillna(False).to_numpy(dtype=bool)
        text = [f"{place} {value}" for value in category_text(table[name][rows])]
        codes = pd.util.hash_array(np.array(text, dtype=object))
        hashes[rows] ^= codes.astype(np.uint64)
    return hashes
