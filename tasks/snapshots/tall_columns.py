"""The columns of so many rows that not even one of them should be in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from driftloop.profiling.columns import CategoricalColumn, Numbers, NumericColumn
from driftloop.profiling.tall import TallCategories, TallNumbers
from tasks.snapshots.sorted_file import sorted_file


class _Piece(Protocol):
    def numeric(self, name: str) -> NumericColumn: ...

    def categorical(self, name: str) -> CategoricalColumn: ...


class _InPieces(Protocol):
    """Columns that can be read from the first row to the last, as often as needed."""

    @property
    def rows(self) -> int: ...

    def pieces(self, name: str) -> Iterator[_Piece]: ...


@dataclass(frozen=True, slots=True)
class TallColumns:
    """Columns that are read piece by piece."""

    columns: _InPieces

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.columns.rows

    def numeric(self, name: str) -> TallNumbers:
        """Return a numeric feature; nothing is read yet."""

        def pieces() -> Iterator[NumericColumn]:
            return (piece.numeric(name) for piece in self.columns.pieces(name))

        def ordered() -> Numbers:
            return sorted_file(piece.present for piece in pieces())

        return TallNumbers(pieces, self.rows, ordered)

    def categorical(self, name: str) -> TallCategories:
        """Return a categorical feature, counted in one pass."""

        def pieces() -> Iterator[CategoricalColumn]:
            return (piece.categorical(name) for piece in self.columns.pieces(name))

        return TallCategories.of(pieces, self.rows)
