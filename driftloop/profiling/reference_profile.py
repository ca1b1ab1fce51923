"""The profile of a reference: every feature as `driftloop.profiling.reference_column` keeps it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from driftloop.base.errors import DataError
from driftloop.profiling.column_source import Columns, groups
from driftloop.profiling.effect_sizes import CategoricalEffect, NumericEffect
from driftloop.profiling.reference_column import (
    ColumnReference,
    Unreadable,
    Variation,
    categorical_reference,
    numeric_reference,
)
from driftloop.profiling.variation import (
    NO_WINDOWS,
    WindowRows,
    categorical_variation,
    numeric_variation,
)


@dataclass(frozen=True, slots=True)
class Features:
    """The names of the features, by type."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, numeric ones first."""
        return self.numeric + self.categorical


@dataclass(frozen=True, slots=True)
class Measures:
    """The effect sizes by which numbers and categories are measured."""

    numeric: NumericEffect
    categorical: CategoricalEffect

    @property
    def bins(self) -> int:
        """Quantile bins of numeric features."""
        return int(getattr(self.numeric, "bins", 10))


class Profile(Protocol):
    """A reference, one feature at a time."""

    @property
    def rows(self) -> int:
        """Rows of the reference."""

    def column(self, name: str) -> ColumnReference:
        """Return the reference side of a feature."""


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """A profile in memory."""

    rows: int
    columns: Mapping[str, ColumnReference]

    def column(self, name: str) -> ColumnReference:
        """Return the reference side of a feature."""
        return self.columns[name]


def build_profile(
    columns: Columns, features: Features, measures: Measures, windows: WindowRows = NO_WINDOWS
) -> MemoryProfile:
    """Return the profile of a reference that fits in memory."""
    built = dict(profile_columns(columns, features, measures, windows))
    return MemoryProfile(columns.rows, built)


def profile_columns(
    columns: Columns, features: Features, measures: Measures, windows: WindowRows = NO_WINDOWS
) -> Iterator[tuple[str, ColumnReference]]:
    """Yield the reference side of one feature after the other, so that none is held twice."""
    for group in groups(features.names, columns.rows):
        batch = columns.batch(group)
        for name in group:
            try:
                if name in features.numeric:
                    yield name, _numeric(batch, name, measures, windows)
                else:
                    yield name, _categorical(batch, name, measures, windows)
            except DataError as error:
                yield name, Unreadable(f"{error} in the reference", columns.rows)


def _numeric(
    columns: Columns, name: str, measures: Measures, windows: WindowRows
) -> ColumnReference:
    column = columns.numeric(name)
    plain = numeric_reference(column, measures.bins)
    variation = numeric_variation(column, plain, windows, measures.numeric)
    return plain.with_variation(variation)


def _categorical(
    columns: Columns, name: str, measures: Measures, windows: WindowRows
) -> ColumnReference:
    column = columns.categorical(name)
    plain = categorical_reference(column)
    if plain.identifies_rows:
        return plain
    variation: Variation = categorical_variation(column, windows, measures.categorical)
    return categorical_reference(column, variation)
