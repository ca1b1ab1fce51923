"""Whole numbers kept to the last digit on their way between text, Arrow and pandas.

A float64 tells whole numbers apart below 2^53 only, some 16 digits. Keys and codes are often
longer, so they never pass through one here, and a cast that would lose a digit raises
`pyarrow.ArrowInvalid`.
"""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = Any  # pyarrow.ChunkedArray, which has no types
EXACT_BELOW = 2**53
_DIGITS = r"^[+-]?[0-9]+$"
_WHOLE = r"^[+-]?[0-9]+(?:\.0*)?$"
_WIDE = (pa.int64(), pa.uint64())
_NULLABLE: dict[pa.DataType, Any] = {
    pa.type_for_alias(name.lower()): pd.api.types.pandas_dtype(name)
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
}


def number_text(value: float) -> str:
    """Return a float as text: ``3`` for 3.0, as the same number is written as a whole number."""
    whole = float(value).is_integer() and abs(value) < EXACT_BELOW
    return str(int(value)) if whole else f"{value:.15g}"


def lost_digits(values: "pd.Series[Any]") -> bool:
    """Say whether floats are whole numbers throughout, and one may have been another before."""
    if not pd.api.types.is_float_dtype(values):
        return False
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    long = bool((np.abs(numbers) >= EXACT_BELOW).any())
    return long and bool((numbers == np.floor(numbers)).all())


def to_series(column: Column) -> "pd.Series[Any]":
    """Return an Arrow column as pandas holds it; whole numbers with gaps stay whole numbers."""
    gaps = pa.types.is_integer(column.type) and column.null_count
    series: pd.Series[Any] = column.to_pandas(types_mapper=_NULLABLE.get if gaps else None)
    return series


def to_frame(table: pa.Table, **options: Any) -> pd.DataFrame:
    """Return an Arrow table as `to_pandas(**options)`; whole numbers with gaps stay such."""
    frame: pd.DataFrame = table.to_pandas(**options)
    for place, field in enumerate(table.schema):
        column = table.column(place)
        gaps = pa.types.is_integer(field.type) and column.null_count
        if gaps and field.name in frame.columns:
            frame[field.name] = to_series(column).array
    return frame


def text_to_whole(column: Column, kind: pa.DataType) -> Column:
    """Return text as whole numbers of a type: digit by digit, blank as missing.

    Raises `ArrowInvalid` if one is not a whole number of that type, or written as a float so long
    that its last digits are not known.
    """
    text = _stripped(column)
    whole = pc.match_substring_regex(text, _WHOLE)
    numbers = pc.cast(_plain_digits(pc.if_else(whole, text, None)), kind)
    others = pc.if_else(whole, None, text)
    if others.null_count == len(others):
        return numbers
    return pc.coalesce(numbers, float_to_whole(pc.cast(others, pa.float64()), kind))


def text_to_float(column: Column) -> Column:
    """Return text as float64, blank as missing.

    Raises `ArrowInvalid` if one is not a number, or a whole number that a float64 cannot tell from
    its neighbours.
    """
    text = _stripped(column)
    digits = _plain_digits(pc.if_else(pc.match_substring_regex(text, _WHOLE), text, None))
    pc.cast(pc.cast(digits, pa.int64()), pa.float64())  # raises from 2^53 on
    return pc.cast(text, pa.float64())


def float_to_whole(column: Column, kind: pa.DataType) -> Column:
    """Return floats as whole numbers; raises `ArrowInvalid` for fractions and lost digits."""
    if holds_long(column):
        raise pa.ArrowInvalid("a float of 2^53 or more does not say which whole number it was")
    return pc.cast(column, kind)


def holds_long(column: Column) -> bool:
    """Say whether a column of floats or decimals holds a number of 2^53 or more."""
    sizes = pc.abs(pc.cast(column, pa.float64(), safe=False))
    return bool(pc.any(pc.greater_equal(sizes, float(EXACT_BELOW))).as_py())


def plain_decimals(column: Column) -> Column:
    """Return decimals as whole numbers where they are declared so or too long for a float64.

    Whole numbers that neither int64 nor uint64 holds become text, all other decimals floats.
    """
    if column.type.scale > 0 and not holds_long(column):
        return pc.cast(column, pa.float64())
    digits = max(column.type.precision - column.type.scale, 1)
    wide = pa.decimal128 if digits <= 38 else pa.decimal256
    for kind in (*_WIDE, wide(digits, 0)):
        try:
            numbers = pc.cast(column, kind)
        except pa.ArrowInvalid:
            continue
        return pc.cast(numbers, pa.string()) if pa.types.is_decimal(kind) else numbers
    return pc.cast(column, pa.float64())


def text_to_numbers(column: Column) -> Column | None:
    """Return text of whole numbers as int64, uint64 or text if longer; None for other text."""
    text = _stripped(column)
    if pc.all(pc.match_substring_regex(text, _DIGITS)).as_py() is False:
        return None
    for kind in _WIDE:
        try:
            return pc.cast(_plain_digits(text), kind)
        except pa.ArrowInvalid:
            continue
    return text


def array_of(values: list[Any]) -> pa.Array:
    """Return Python values as Arrow; whole numbers beyond int64 as uint64, or longer ones as text.

    Raises `ArrowInvalid` if they are of several types, or a whole number among floats is so large
    that it would change, and `ArrowTypeError` likewise.
    """
    try:
        return pa.array(values)
    except OverflowError:
        if any(type(value) is not int for value in values if value is not None):
            raise pa.ArrowInvalid("long whole numbers beside other values") from None
    try:
        return pa.array(values, pa.uint64())
    except (OverflowError, pa.ArrowInvalid):
        return pa.array([None if value is None else str(value) for value in values])


def _stripped(column: Column) -> Column:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), None, text)


def _plain_digits(text: Column) -> Column:
    """Drop the sign of positive numbers and the empty fraction, which Arrow does not read."""
    return pc.replace_substring_regex(text, r"^\+|\.0*$", "")
