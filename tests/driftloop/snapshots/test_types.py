"""What becomes of a column whose type is another than that of the batches."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftloop.base.errors import DataError
from driftloop.snapshots.table_source import Source
from driftloop.snapshots.types import declared_types, fitted, with_declared_types

SOURCE = Source(Path("a.csv"), lines=True)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1.0, None, 3.0], pa.int64(), [1, None, 3]),
        (["1", " 2 ", ""], pa.int64(), [1, 2, None]),
        (["1.5", None], pa.float64(), [1.5, None]),
        ([True, None], pa.int64(), [1, None]),
        ([1, 0, None], pa.bool_(), [True, False, None]),
        ([7, None], pa.string(), ["7", None]),
        ([7.0, None], pa.string(), ["7", None]),
        ([1, 2], pa.int8(), [1, 2]),
        ([None, None], pa.string(), [None, None]),
        (["a"], pa.dictionary(pa.int32(), pa.string()), ["a"]),
        ([datetime(2026, 3, 2)], pa.timestamp("ns"), [datetime(2026, 3, 2)]),
    ],
)
def test_what_loses_nothing_is_cast(values: Any, kind: pa.DataType, expected: Any) -> None:
    found = fitted(SOURCE, "x", pa.chunked_array([pa.array(values)]), kind)
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "kind", "row", "said"),
    [
        ([1.0, 2.5], pa.int64(), 3, "received '2.5' (double), and the batches hold int64"),
        (["1", "2", "x"], pa.int64(), 4, "received 'x' (string)"),
        (["much"], pa.float64(), 2, "write numbers there"),
        ([1, 2], pa.bool_(), 3, "write true or false there"),
        ([1, 300], pa.int8(), 3, "received '300'"),
        ([True], pa.string(), 2, "write text there"),
        ([2.5], pa.string(), 2, "received '2.5'"),
        (["soon"], pa.timestamp("us"), 2, "received 'soon'"),
    ],
)
def test_what_would_lose_something_is_refused(
    values: Any, kind: pa.DataType, row: int, said: str
) -> None:
    with pytest.raises(DataError) as raised:
        fitted(SOURCE, "x", pa.chunked_array([pa.array(values)]), kind)
    assert str(raised.value).startswith(f"a.csv: column 'x', line {row}: ")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((pa.bool_(), pa.int64()), pa.bool_()),
        ((pa.int64(), pa.string()), pa.int64()),
        ((pa.int64(), pa.float64(), pa.string()), pa.float64()),
        ((pa.null(), pa.string(), pa.int64()), pa.string()),
        ((pa.float64(), pa.int64()), pa.float64()),
    ],
)
def test_one_odd_batch_does_not_change_what_a_column_is(kinds: Any, expected: pa.DataType) -> None:
    schemas = [pa.schema([("x", kind)]) for kind in kinds]
    assert declared_types(schemas).field("x").type == expected


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 0, None], pa.bool_(), [True, False, None]),
        ([1.0, None], pa.bool_(), [True, None]),
        ([True, None], pa.int64(), [1, None]),
        ([True, False], pa.float64(), [1.0, 0.0]),
        ([7, None], pa.dictionary(pa.int32(), pa.string()), ["7", None]),
        ([2**63 - 1], pa.string(), ["9223372036854775807"]),
        # No value of these is equal to one of the declared type, so nothing is changed.
        ([2, 1], pa.bool_(), [2, 1]),
        (["7", "8"], pa.int64(), ["7", "8"]),
        ([1.5], pa.string(), [1.5]),
        ([2**60, 1], pa.float64(), [2**60, 1]),
    ],
)
def test_equal_values_are_equal_in_every_batch(
    values: Any, kind: pa.DataType, expected: Any
) -> None:
    table = with_declared_types(pa.table({"x": values, "y": values}), pa.schema([("x", kind)]))
    assert table.column("x").to_pylist() == expected
    assert table.column("y").to_pylist() == values
