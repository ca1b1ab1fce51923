"""Columns of a table as plain arrays, with their missing values counted apart."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.errors import DataError


@dataclass(frozen=True, slots=True)
class Column:
    """The present values of one column, and how many of its rows were missing."""

    values: npt.NDArray[Any]
    missing: int

    @property
    def rows(self) -> int:
        """All rows, missing ones included."""
        return len(self.values) + self.missing

    @property
    def missing_rate(self) -> float:
        """Share of missing rows; NaN for a column without rows."""
        return self.missing / self.rows if self.rows else float("nan")


def numeric_column(table: pd.DataFrame, name: str) -> Column:
    """Return a numeric feature as float64; NaN, None and infinities count as missing.

    Raises:
        DataError: if the column is absent or holds anything but numbers and booleans.
    """
    values = _numbers(table, name)
    present = values[~np.isnan(values)]
    return Column(present, len(values) - len(present))


def categorical_column(table: pd.DataFrame, name: str) -> Column:
    """Return a categorical feature as strings; whole numbers and booleans become their text.

    Raises:
        DataError: if the column is absent, or holds dates or several kinds of values.
    """
    series = _column(table, name)
    present = series[series.notna()]
    if pd.api.types.is_datetime64_any_dtype(series) or isinstance(_first(present), date):
        raise DataError(
            f"column {name!r} holds dates, declared categorical; derive a feature from it, such "
            "as the day of the week"
        )
    if present.dtype == object and present.map(type).nunique() > 1:
        kinds = ", ".join(sorted(kind.__name__ for kind in set(present.map(type))))
        raise DataError(f"column {name!r} mixes {kinds}; write one type of value")
    return Column(category_text(present), int(len(series) - len(present)))


def category_text(present: pd.Series) -> npt.NDArray[Any]:
    """Return category values as text, the same for 3 and 3.0 (a gap turns integers to floats)."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        present = present.astype(object)
    present = present.infer_objects()
    if pd.api.types.is_float_dtype(present):
        return np.array([f"{value:.15g}" for value in present.astype(float)], dtype=object)
    return present.astype(str).to_numpy(dtype=object)


def feature_table(
    table: pd.DataFrame, numeric: tuple[str, ...], categorical: tuple[str, ...]
) -> pd.DataFrame:
    """Return exactly the features, as a model reads them: float64 and text, None where missing."""
    columns: dict[str, Any] = {}
    for name in numeric:
        columns[name] = _numbers(table, name)
    for name in categorical:
        series = _column(table, name)
        text = np.full(len(series), None, dtype=object)
        present = series.notna().to_numpy()
        text[present] = category_text(series[present])
        columns[name] = text
    return pd.DataFrame(columns, index=table.index)


def _numbers(table: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column as float64, NaN where it is missing or infinite; text and dates raise."""
    series = _column(table, name)
    present = series[series.notna()]
    if present.empty:
        return np.full(len(series), np.nan)
    if present.dtype == object:
        present = present.infer_objects()
    decimal = present.dtype == object and present.map(lambda one: isinstance(one, Decimal)).all()
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
