"""Columns as plain arrays in row order, whatever holds them: a data frame or Arrow.

The rules are the same for both: a numeric feature holds numbers and booleans, and NaN, None and
infinities count as missing; a categorical feature holds one type of value, compared as text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.base.errors import DataError
from driftloop.profiling.whole_numbers import lost_digits, number_text, to_series

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.object_]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class NumericColumn:
    """Numbers in row order (rows,), NaN where missing; no infinities."""

    values: Numbers
    missing: int

    @property
    def rows(self) -> int:
        """All rows, missing ones included."""
        return len(self.values)

    def each(self, function: Callable[..., Result], *by_row: npt.NDArray[Any]) -> Iterator[Result]:
        """Yield what a function returns for all rows: they are in memory as a whole."""
        yield function(self, *by_row)

    @property
    def present(self) -> Numbers:
        """The values that are not missing, in row order."""
        return self.values if self.missing == 0 else self.values[~np.isnan(self.values)]

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN for a column without rows."""
        return self.missing / self.rows if self.rows else float("nan")


@dataclass(frozen=True, slots=True)
class CategoricalColumn:
    """Sorted categories (k,) with the rows of each (k,).

    `row_codes` holds a code for each row (rows,), -1 where missing, and `code_levels` the level of
    each code, -1 for a missing value. Resolving them row by row is left to those who need it.
    """

    levels: Levels
    counts: npt.NDArray[np.int64]
    row_codes: Codes
    code_levels: Codes

    @property
    def rows(self) -> int:
        """All rows, missing ones included."""
        return len(self.row_codes)

    def each(self, function: Callable[..., Result], *by_row: npt.NDArray[Any]) -> Iterator[Result]:
        """Yield what a function returns for all rows: they are in memory as a whole."""
        yield function(self, *by_row)

    @property
    def codes(self) -> Codes:
        """The level of each row (rows,), -1 where missing."""
        return np.append(self.code_levels, np.int32(-1))[self.row_codes]

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return len(self.row_codes) - int(self.counts.sum())

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN for a column without rows."""
        return self.missing / self.rows if self.rows else float("nan")


def numeric_column(table: pd.DataFrame, name: str) -> NumericColumn:
    """Return a numeric feature; raises `DataError` if it is absent or not numbers or booleans."""
    return _numeric(_numbers(table, name))


def categorical_column(table: pd.DataFrame, name: str) -> CategoricalColumn:
    """Return a categorical feature; raises `DataError` if it is absent, dates or of mixed types."""
    series = _column(table, name)
    present = series[series.notna()]
    _check_categories(name, series.dtype, present)
    raw = np.full(len(series), -1, dtype=np.int32)
    if isinstance(_first(present), list | dict | set):
        present = present.astype(str)
    raw[series.notna().to_numpy()], values = pd.factorize(present)
    return _categorical(raw, pd.Series(values))


def numeric_arrow(values: "pa.ChunkedArray", name: str) -> NumericColumn:
    """Return a numeric feature of an Arrow table; see `numeric_column`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return numeric_column(pd.DataFrame({name: to_series(values)}), name)
    numbers = pc.cast(values, pa.float64(), safe=False)
    return _numeric(numbers.to_numpy(zero_copy_only=False))


def categorical_arrow(values: "pa.ChunkedArray", name: str) -> CategoricalColumn:
    """Return a categorical feature of an Arrow table; see `categorical_column`."""
    import pyarrow as pa

    kind = values.type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
    plain = text or pa.types.is_integer(inner) or pa.types.is_floating(inner)
    if not (plain or pa.types.is_boolean(inner)):
        return categorical_column(pd.DataFrame({name: to_series(values)}), name)
    if len(values) == 0:
        return _categorical(np.zeros(0, np.int32), pd.Series([], dtype=object))
    coded = values if pa.types.is_dictionary(kind) else values.dictionary_encode()
    whole = coded.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    indices = whole.indices.fill_null(-1) if whole.indices.null_count else whole.indices
    raw = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    if text:
        held = whole.dictionary.is_valid().to_numpy(zero_copy_only=False)
        return _by_level(raw, held, lambda kept: _text_of(whole.dictionary)[kept])
    values = to_series(whole.dictionary)
    _check_digits(name, values)
    return _categorical(raw, values)


def _numeric(values: Numbers) -> NumericColumn:
    finite = np.isfinite(values)
    missing = len(values) - int(np.count_nonzero(finite))
    return NumericColumn(np.where(finite, values, np.nan) if missing else values, missing)


def _categorical(raw: Codes, values: "pd.Series[Any]") -> CategoricalColumn:
    return _by_level(raw, values.notna().to_numpy(), lambda held: category_text(values[held]))


def _by_level(
    raw: Codes, valid: npt.NDArray[np.bool_], text: Callable[[npt.NDArray[np.bool_]], Levels]
) -> CategoricalColumn:
    """Sort the levels; those with the same text are one, NaN is a gap, and unheld ones go."""
    rows = np.bincount(raw + np.int32(1), minlength=len(valid) + 1)[1:]
    held = valid & (rows > 0)
    levels, codes = np.unique(text(held), return_inverse=True)
    place = np.full(len(valid), -1, dtype=np.int32)
    place[held] = codes
    counts = np.bincount(codes, weights=rows[held], minlength=len(levels)).astype(np.int64)
    return CategoricalColumn(levels, counts, raw, place)


def _text_of(dictionary: "pa.Array") -> Levels:
    text: Levels = dictionary.to_numpy(zero_copy_only=False)
    return text


def _check_categories(name: str, dtype: Any, present: "pd.Series[Any]") -> None:
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(_first(present), date):
        raise DataError(
            f"column {name!r} holds dates, declared categorical; derive a feature from it, such "
            "as the day of the week"
        )
    if present.dtype == object:
        kinds = set(map(type, present))
        if len(kinds) > 1:
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise DataError(f"column {name!r} mixes {names}; write one type of value")
    _check_digits(name, present)


def _check_digits(name: str, values: "pd.Series[Any]") -> None:
    """Refuse categories that may have been others before they were floats."""
    if lost_digits(values):
        raise DataError(
            f"column {name!r} holds categories of 2^53 or more as {values.dtype}, which loses "
            "their last digits; write them as whole numbers or text"
        )


def category_text(present: "pd.Series[Any]") -> Levels:
    """Return category values as text, the same for 3 and 3.0 (a gap turns integers to floats)."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        present = present.astype(object)
    present = present.infer_objects()
    if pd.api.types.is_float_dtype(present):
        return np.array([number_text(value) for value in present.astype(float)], dtype=object)
    return present.astype(str).to_numpy(dtype=object)


def feature_table(
    table: pd.DataFrame, numeric: tuple[str, ...], categorical: tuple[str, ...]
) -> pd.DataFrame:
    """Return exactly the features, as a model reads them: float64 and text, None where missing."""
    columns: dict[str, Any] = {name: _numbers(table, name) for name in numeric}
    for name in categorical:
        series = _column(table, name)
        text = np.full(len(series), None, dtype=object)
        present = series.notna().to_numpy()
        _check_digits(name, series[present].infer_objects())
        text[present] = category_text(series[present])
        # Else pandas 3 makes it a column of `str`, with NaN for None.
        columns[name] = pd.Series(text, index=table.index, dtype=object)
    return pd.DataFrame(columns, index=table.index)


def _numbers(table: pd.DataFrame, name: str) -> Numbers:
    """Return a column as float64, NaN where it is missing or infinite; text and dates raise."""
    series = _column(table, name)
    present = series[series.notna()]
    if present.empty:
        return np.full(len(series), np.nan)
    if present.dtype == object:
        present = present.infer_objects()
    decimal = present.dtype == object and all(isinstance(value, Decimal) for value in present)
    if not decimal and not pd.api.types.is_numeric_dtype(present):
        raise DataError(f"column {name!r} holds {_type_name(series)}, declared numeric")
    if pd.api.types.is_complex_dtype(present):
        raise DataError(f"column {name!r} holds complex numbers, declared numeric")
    values = np.full(len(series), np.nan)
    values[series.notna().to_numpy()] = present.to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _first(present: "pd.Series[Any]") -> Any:
    return present.iloc[0] if len(present) else None


def _column(table: pd.DataFrame, name: str) -> "pd.Series[Any]":
    if name not in table.columns:
        raise DataError(f"column {name!r} is missing")
    return table[name]


def _type_name(series: "pd.Series[Any]") -> str:
    if pd.api.types.is_datetime64_any_dtype(series):
        return "dates (derive a number from it, such as the hour or an age)"
    kinds = sorted({type(value).__name__ for value in series.dropna()})
    return "text" if kinds == ["str"] else "values of type " + ", ".join(kinds)
