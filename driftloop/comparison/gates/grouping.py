"""Rows of the holdout grouped by the values of a column."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import valid_choices
from driftloop.comparison.gates.base import CannotRun
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.target import class_text

Names = npt.NDArray[np.object_]
_FEW = 10
"""Numeric columns with no more distinct values than this are taken as categories."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named group and the indices of its rows."""

    name: str
    rows: npt.NDArray[np.intp]


def column(inputs: GateInputs, name: str) -> "pd.Series[Any]":
    """Return a column of the holdout, from the requested columns or the features.

    Raises `CannotRun` if there is no such column.
    """
    tables = [part for part in (inputs.groups, inputs.table) if part is not None]
    for table in tables:
        if name in table.columns:
            return table[name]
    if not tables:
        raise CannotRun(f"The columns of the holdout are missing, including {name!r}.")
    names = sorted({str(column) for table in tables for column in table.columns})
    raise CannotRun(f"The holdout has no such column: {valid_choices(name, names)}.")


def group_names(values: "pd.Series[Any]") -> Names:
    """Return the group of each row (n,): its value, or the quartile of a number.

    Rows without a value are a group of their own, ``missing``.
    """
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and values.nunique() > _FEW:
        return _quartiles(values.to_numpy(dtype=float, na_value=np.nan))
    names = [_text(value) for value in values.astype(object)]
    return np.array(names, dtype=object)


def split_by_size(names: Names, minimum_rows: int) -> tuple[tuple[Group, ...], int]:
    """Return the groups with enough rows, by name, and the number of rows in the others."""
    levels, places = np.unique(names.astype(str), return_inverse=True)
    every = [Group(str(name), np.flatnonzero(places == i)) for i, name in enumerate(levels)]
    large = tuple(group for group in every if len(group.rows) >= minimum_rows)
    return large, len(names) - sum(len(group.rows) for group in large)


def pool_small_groups(names: Names, minimum_rows: int) -> Names:
    """Return the names with those of small groups replaced by ``all others``."""
    large, _ = split_by_size(names, minimum_rows)
    large_names = {group.name for group in large}
    return np.array([name if name in large_names else "all others" for name in names], dtype=object)


def _quartiles(values: npt.NDArray[np.float64]) -> Names:
    finite = np.isfinite(values)
    edges = np.unique(np.quantile(values[finite], [0, 0.25, 0.5, 0.75, 1]))
    inner = np.searchsorted(edges[1:-1], values, side="left")
    spans = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
    names = np.array(spans, dtype=object)[np.minimum(inner, len(spans) - 1)]
    return np.where(finite, names, "missing").astype(object)


def _text(value: object) -> str:
    return "missing" if pd.isna(value) else class_text(value)  # type: ignore[call-overload]
