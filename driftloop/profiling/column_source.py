"""Sources of columns: anything that can return one column at a time.

A table of a million rows and a hundred columns is never loaded as a whole: it is read one group of
columns after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from driftloop.base.errors import DataError
from driftloop.profiling.columns import (
    CategoricalColumn,
    NumericColumn,
    categorical_column,
    numeric_column,
)
from driftloop.profiling.tall import TallCategories, TallNumbers

GROUP_BYTES = 8_000_000
"""Size of the columns that are read at once."""


class Batch(Protocol):
    """Some columns of one window: in memory, or tall and ready to be read in pieces."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def numeric(self, name: str) -> NumericColumn | TallNumbers:
        """Return a numeric feature; raises `DataError` where it is missing or no number."""

    def categorical(self, name: str) -> CategoricalColumn | TallCategories:
        """Return a categorical feature; raises `DataError` where it is missing or not one."""


class Columns(Protocol):
    """The columns of the rows of one window."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def numeric(self, name: str) -> NumericColumn:
        """Return a numeric feature; raises `DataError` where it is missing or no number."""

    def categorical(self, name: str) -> CategoricalColumn:
        """Return a categorical feature; raises `DataError` where it is missing or not one."""

    def series(self, name: str) -> "pd.Series[Any]":
        """Return any column as it is; raises `DataError` where it is missing."""

    def batch(self, names: tuple[str, ...]) -> Batch:
        """Return the named columns, read together."""


@dataclass(frozen=True, slots=True)
class FrameColumns:
    """The columns of a data frame."""

    table: pd.DataFrame

    @property
    def rows(self) -> int:
        return len(self.table)

    def numeric(self, name: str) -> NumericColumn:
        return numeric_column(self.table, name)

    def categorical(self, name: str) -> CategoricalColumn:
        return categorical_column(self.table, name)

    def series(self, name: str) -> "pd.Series[Any]":
        if name not in self.table.columns:
            raise DataError(f"column {name!r} is missing")
        return self.table[name]

    def batch(self, names: tuple[str, ...]) -> "FrameColumns":
        return self


def column_groups(names: tuple[str, ...], rows: int) -> Iterator[tuple[str, ...]]:
    """Yield runs of names whose columns hold about `GROUP_BYTES` together."""
    size = max(1, GROUP_BYTES // (8 * max(rows, 1)))
    for start in range(0, len(names), size):
        yield names[start : start + size]
