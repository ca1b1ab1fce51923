"""The profile of a reference: every feature as `driftloop.profiling.reference_column` keeps it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from driftloop.base.errors import DataError
from driftloop.base.parallel import available_cores, in_order
from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.column_source import Batch, Columns, column_groups
from driftloop.profiling.effect_sizes.base import CategoricalEffect, EffectSize, NumericEffect
from driftloop.profiling.reference_column import (
    ColumnReference,
    UnreadableColumn,
    categorical_reference,
    numeric_reference,
)
from driftloop.profiling.variation import (
    NO_WINDOWS,
    WindowRows,
    categorical_variation,
    numeric_variation,
)


class Features(NamedTuple):
    """The names of the features, by type."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, numeric ones first."""
        return self.numeric + self.categorical


@dataclass(frozen=True, slots=True)
class EffectSizes:
    """The effect sizes by which numbers and categories are measured, and those of single features.

    `features` has numeric effects of numeric features and categorical ones of categorical features.
    """

    numeric: NumericEffect
    categorical: CategoricalEffect
    features: Mapping[str, EffectSize] = field(default_factory=dict)

    def of_numbers(self, name: str) -> NumericEffect:
        """Return the effect size of a numeric column."""
        effect = self.features.get(name)
        return effect if isinstance(effect, NumericEffect) else self.numeric

    def of_categories(self, name: str) -> CategoricalEffect:
        """Return the effect size of a categorical column."""
        effect = self.features.get(name)
        return effect if isinstance(effect, CategoricalEffect) else self.categorical


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
        return self.columns[name]


def build_profile(
    columns: Columns,
    features: Features,
    effect_sizes: EffectSizes,
    windows: WindowRows = NO_WINDOWS,
) -> MemoryProfile:
    """Return the profile of a reference that fits in memory."""
    references = dict(profile_columns(columns, features, effect_sizes, windows))
    return MemoryProfile(columns.rows, references)


def profile_columns(
    columns: Columns,
    features: Features,
    effect_sizes: EffectSizes,
    windows: WindowRows = NO_WINDOWS,
) -> Iterator[tuple[str, ColumnReference]]:
    """Yield the reference side of one feature after the other, read in groups of columns.

    Where it is large all cores work, no further ahead of what is asked than one group each.
    """
    numeric = frozenset(features.numeric)

    def profile(names: tuple[str, ...]) -> list[tuple[str, ColumnReference]]:
        batch = columns.batch(names)
        return [(name, _profile(batch, name, name in numeric)) for name in names]

    def _profile(batch: Batch, name: str, number: bool) -> ColumnReference:
        try:
            return (_numeric if number else _categorical)(batch, name, effect_sizes, windows)
        except DataError as error:
            return UnreadableColumn(f"{error} in the reference", columns.rows)

    workers = available_cores() if columns.rows >= COMPILED_MIN_ROWS else 1
    for columns_of_group in in_order(profile, column_groups(features.names, columns.rows), workers):
        yield from columns_of_group


def _numeric(
    columns: Batch, name: str, effect_sizes: EffectSizes, windows: WindowRows
) -> ColumnReference:
    column = columns.numeric(name)
    effect = effect_sizes.of_numbers(name)
    reference = numeric_reference(column, effect.bins)
    return replace(reference, variation=numeric_variation(column, reference, windows, effect))


def _categorical(
    columns: Batch, name: str, effect_sizes: EffectSizes, windows: WindowRows
) -> ColumnReference:
    column = columns.categorical(name)
    reference = categorical_reference(column)
    if reference.identifies_rows:
        return reference
    variation = categorical_variation(column, windows, effect_sizes.of_categories(name))
    return replace(reference, variation=variation)
