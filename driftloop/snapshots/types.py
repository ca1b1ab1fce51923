"""Arrived columns brought to the types that the batches hold, or refused."""

from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from driftloop.profiling.whole_numbers import (
    EXACT_BELOW,
    Column,
    float_to_whole,
    plain_decimals,
    text_to_float,
    text_to_whole,
)
from driftloop.snapshots.table_source import Source, fail

_WORDS = {"int": "whole numbers", "float": "numbers", "bool": "true or false", "text": "text"}


_EQUAL = {("int", "bool"), ("float", "bool"), ("bool", "int"), ("bool", "float"), ("int", "text")}
"""Families of which the first may be written as the second: true is 1, and 7 is the code "7"."""

_UNFIT = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError)


_UNCOMMON = {pa.float16(): pa.float32(), pa.string_view(): pa.string()}
"""Types that pyarrow computes little with, and their common twins."""


def declared_types(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Return the type of every column, from the schemas of all batches, the oldest first.

    It is that of the oldest batch that holds it: one odd batch must not change what the others
    mean. Whole numbers become floats where a later batch has fractions.
    """
    fields: dict[str, pa.Field] = {}
    for schema in schemas:
        for field in schema:
            known = fields.get(field.name, pa.field(field.name, pa.null()))
            before, after = family(known.type), family(field.type)
            if before == "null" or (before, after) == ("int", "float"):
                fields[field.name] = field
    return pa.schema(list(fields.values()))


def with_declared_types(table: pa.Table, declared: pa.Schema) -> pa.Table:
    """Return a batch with the declared types where all its values are equal to values of them."""
    for place, field in enumerate(table.schema):
        kind = declared.field(field.name).type if field.name in declared.names else pa.null()
        if (family(field.type), family(kind)) in _EQUAL:
            column, inner = table.column(place), getattr(kind, "value_type", kind)
            try:
                column = _cast_for(field.type, inner)(column)
            except _UNFIT:
                continue
            table = table.set_column(place, field.name, column)
    return table


def plain(table: pa.Table) -> pa.Table:
    """Return the table in common types: categories as their values, decimals as plain numbers.

    Long decimals are whole numbers, or text where they are longer still, and all others floats. NaN
    counts as missing, as in every batch.
    """
    for place, field in enumerate(table.schema):
        column, kind = table.column(place), field.type
        if isinstance(kind, pa.BaseExtensionType) and family(kind.storage_type) != "other":
            column, kind = column.cast(kind.storage_type), kind.storage_type
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
        elif pa.types.is_decimal(kind):
            column = plain_decimals(column)
        elif kind in _UNCOMMON:
            column = column.cast(_UNCOMMON[kind])
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        table = table.set_column(place, field.name, column)
    return table.replace_schema_metadata(None)


def fitted(source: Source, name: str, column: Column, kind: pa.DataType) -> Column:
    """Return a column as the type that the batches hold, where no value changes by that."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if column.type == kind or pa.types.is_null(kind):
        return column
    if pa.types.is_decimal(column.type) and not pa.types.is_decimal(kind):
        column = plain_decimals(column)
    cast = _cast_for(column.type, kind)
    try:
        return cast(column)
    except _UNFIT:
        row = _first_bad(column, cast)
        value = column[row].as_py()
        return fail(
            source.path,
            f"column {name!r}, {source.place(row)}: received {str(value)[:40]!r} ({column.type}), "
            f"and the batches hold {kind}{_advice(value, kind)}",
        )


def _advice(value: object, kind: pa.DataType) -> str:
    """Return why a value does not fit, where it is not plain to see, and what to do."""
    after = family(kind)
    if isinstance(value, float) and abs(value) >= EXACT_BELOW and after in ("int", "text"):
        return (
            "; a floating-point number that large has lost its last digits: export the column as "
            "whole numbers or as text"
        )
    whole = str(value).strip().lstrip("+-").isdecimal()
    if whole and after == "float" and abs(int(str(value))) >= EXACT_BELOW:
        return (
            ", which cannot tell whole numbers from 2^53 on apart; rewrite the batches with whole "
            "numbers or text in this column"
        )
    if whole and after == "int":
        return (
            ", which this number is too large or too small for; write a smaller number, or "
            "rewrite the batches with text in this column"
        )
    return f"; write {_WORDS.get(after, str(kind))} there, or fix the export"


def family(kind: pa.DataType) -> str:
    """Return ``int``, ``float``, ``bool``, ``text``, ``time``, ``null`` or ``other``."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests: dict[str, Callable[[pa.DataType], bool]] = {
        "null": pa.types.is_null,
        "bool": pa.types.is_boolean,
        "int": pa.types.is_integer,
        "float": lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind),
        "text": lambda kind: kind in (pa.string(), pa.large_string(), pa.string_view()),
        "time": lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind),
    }
    return next((name for name, test in tests.items() if test(inner)), "other")


def _cast_for(received: pa.DataType, kind: pa.DataType) -> Callable[[Column], Column]:
    """Return how one type becomes another; the cast raises where it would lose anything."""
    before, after = family(received), family(kind)
    if pa.types.is_decimal(kind):
        return lambda column: pc.cast(column, kind)
    if after == "text" and before == "float":
        return lambda column: pc.cast(float_to_whole(column, pa.int64()), kind)  # 3.0 is the code 3
    if after == "int" and before == "float":
        return lambda column: float_to_whole(column, kind)
    if after == "int" and before == "text":
        return lambda column: text_to_whole(column, kind)
    if after == "text" and before in ("bool", "time", "other"):
        return _refuse
    if after == "float" and before == "text":
        return lambda column: pc.cast(text_to_float(column), kind)
    if after in ("int", "float") and before == "bool":
        return lambda column: pc.cast(pc.cast(column, pa.int8()), kind)
    if after == "bool" and before in ("int", "float"):
        return lambda column: _flags(pc.cast(column, pa.int64()))
    return lambda column: pc.cast(column, kind)


def _refuse(_column: Column) -> Column:
    raise pa.ArrowTypeError("no such cast")


def _flags(column: Column) -> Column:
    if not pc.all(pc.is_in(column.drop_null(), pa.array([0, 1]))).as_py() and len(column):
        raise pa.ArrowInvalid("neither 0 nor 1")
    return pc.cast(column, pa.bool_())


def _first_bad(column: Column, cast: Callable[[Column], Column]) -> int:
    """Return the row of the first value that cannot be cast, by halving."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            cast(column.slice(low, middle - low))
            low = middle
        except _UNFIT:
            high = middle
    return low
