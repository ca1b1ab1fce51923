"""Every int64 and uint64 comes through to the last digit, or is refused."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.performance.target import Classes, find_classes
from driftloop.profiling.columns import (
    categorical_arrow,
    categorical_column,
    feature_table,
    numeric_column,
)
from driftloop.profiling.whole_numbers import (
    EXACT_BELOW,
    array_of,
    float_to_whole,
    number_text,
    plain_decimals,
    text_to_float,
    text_to_numbers,
    text_to_whole,
    to_frame,
    to_series,
)
from driftloop.snapshots.row_hashes import row_hashes

EDGES = [0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
SIGNED = st.one_of(
    st.sampled_from([*EDGES, *(-one for one in EDGES), -(2**63)]),
    st.integers(-(2**63), 2**63 - 1),
)
UNSIGNED = st.one_of(st.sampled_from([*EDGES, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1))
COLUMNS = st.one_of(
    st.tuples(st.just(pa.int64()), st.lists(st.one_of(st.none(), SIGNED), min_size=1)),
    st.tuples(st.just(pa.uint64()), st.lists(st.one_of(st.none(), UNSIGNED), min_size=1)),
)
Drawn = tuple[pa.DataType, list[int | None]]


def values_of(series: "pd.Series[Any]") -> list[int | None]:
    return [None if pd.isna(one) else int(one) for one in series]


@settings(deadline=None)
@given(COLUMNS)
def test_pandas_holds_what_arrow_held(drawn: Drawn) -> None:
    kind, values = drawn
    table = pa.table({"x": pa.array(values, kind)})
    frame = to_frame(table)
    assert values_of(frame["x"]) == values
    assert values_of(to_series(table.column(0))) == values
    back = pa.Table.from_pandas(frame, preserve_index=False).column("x")
    assert (back.type, back.to_pylist()) == (kind, values)


@settings(deadline=None)
@given(COLUMNS)
@example((pa.int64(), [2**60 + 1, None]))
def test_text_becomes_whole_numbers_and_back(drawn: Drawn) -> None:
    kind, values = drawn
    text = pa.chunked_array([pa.array([None if one is None else str(one) for one in values])])
    text = text.cast(pa.string())
    assert text_to_whole(text, kind).to_pylist() == values
    found = text_to_numbers(text)
    assert found is not None
    assert found.to_pylist() == values or found.type == pa.int64()
    assert [None if one is None else int(one) for one in found.to_pylist()] == values


@settings(deadline=None)
@given(COLUMNS)
def test_decimals_become_whole_numbers(drawn: Drawn) -> None:
    _, values = drawn
    decimals = [None if one is None else Decimal(one) for one in values]
    for kind in (pa.decimal128(20, 0), pa.decimal128(30, 4), pa.decimal256(60, 0)):
        found = plain_decimals(pa.chunked_array([pa.array(decimals, kind)])).to_pylist()
        assert found == values, kind


@settings(deadline=None)
@given(st.one_of(st.lists(st.one_of(st.none(), SIGNED)), st.lists(st.one_of(st.none(), UNSIGNED))))
def test_a_database_may_return_any_whole_number(values: list[int | None]) -> None:
    assert array_of(values).to_pylist() == values


def test_longer_numbers_stay_text() -> None:
    long = 2**64 + 1
    assert array_of([long, None, -1]).to_pylist() == [str(long), None, "-1"]
    assert text_to_numbers(pa.chunked_array([[str(long), None, "7"]])).to_pylist() == [
        str(long),
        None,
        "7",
    ]
    decimals = pa.chunked_array([pa.array([Decimal(long), None])])
    assert plain_decimals(decimals).to_pylist() == [str(long), None]
    fractions = pa.chunked_array([pa.array([Decimal("0.50"), Decimal("3.00")])])
    assert plain_decimals(fractions).to_pylist() == [0.5, 3.0]
    assert text_to_numbers(pa.chunked_array([["1", "x"]])) is None


@pytest.mark.parametrize("values", [[2**63, -1.5], [2**63, "a"], [1.5, 2**60 + 1]])
def test_whole_numbers_that_would_change_among_others_are_refused(values: list[Any]) -> None:
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        array_of(values)


@pytest.mark.parametrize("text", ["0x10", "1.5", "1e19", "9223372036854775808", "1e400", "x", "-"])
def test_text_that_is_no_int64_is_refused(text: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        text_to_whole(pa.chunked_array([[text]]), pa.int64())


def test_ways_to_write_a_whole_number() -> None:
    written = pa.chunked_array([["+7", " 7 ", "7.0", "7.", "007", "7e0", "", None]])
    assert text_to_whole(written, pa.int64()).to_pylist() == [7] * 6 + [None] * 2
    assert text_to_float(written).to_pylist() == [7.0] * 6 + [None] * 2


@settings(deadline=None)
@given(st.integers(EXACT_BELOW, 2**64 - 1), st.sampled_from([1, -1]))
def test_a_float_that_large_becomes_no_whole_number(size: int, sign: int) -> None:
    with pytest.raises(pa.ArrowInvalid):
        float_to_whole(pa.chunked_array([[float(sign * size)]]), pa.int64())
    with pytest.raises(pa.ArrowInvalid):
        text_to_float(pa.chunked_array([[str(sign * (size + 1))]]))


@settings(deadline=None)
@given(st.integers(1 - EXACT_BELOW, EXACT_BELOW - 1))
@example(10**15)
def test_below_that_a_float_is_the_same_number(value: int) -> None:
    assert number_text(float(value)) == str(value)
    assert float_to_whole(pa.chunked_array([[float(value)]]), pa.int64()).to_pylist() == [value]


@settings(deadline=None)
@given(COLUMNS)
def test_categories_are_exact_for_tests_and_model(drawn: Drawn) -> None:
    """With a gap and without, from Arrow and from pandas, as drift tests and as a model read it."""
    kind, values = drawn
    column = pa.chunked_array([pa.array(values, kind)])
    frame = pd.DataFrame({"x": to_series(column)})
    expected = [None if one is None else str(one) for one in values]
    for found in (categorical_arrow(column, "x"), categorical_column(frame, "x")):
        levels = np.append(found.levels, None)
        assert levels[found.codes].tolist() == expected
    assert feature_table(frame, (), ("x",))["x"].tolist() == expected
    numbers = numeric_column(frame, "x").values
    assert [None if np.isnan(one) else one for one in numbers] == [
        None if one is None else float(one) for one in values
    ]


def test_codes_of_16_digits_are_the_same_with_a_gap() -> None:
    """A batch that another job wrote holds them as floats, which are exact up to there."""
    whole = pd.DataFrame({"x": [1234567890123456, 1234567890123457]})
    gap = pd.DataFrame({"x": [1234567890123456, 1234567890123457, None]})
    assert gap["x"].dtype == float
    assert categorical_column(gap, "x").levels.tolist() == whole["x"].astype(str).tolist()
    assert feature_table(gap, (), ("x",))["x"].tolist()[:2] == whole["x"].astype(str).tolist()


def test_codes_that_lost_their_digits_are_refused() -> None:
    """Of 17 digits and more, several codes are one float."""
    lost = pd.DataFrame({"x": [23_847_239_847_230_001, None, 23_847_239_847_230_002]})
    readers: list[Any] = [
        lambda: categorical_column(lost, "x"),
        lambda: categorical_arrow(pa.chunked_array([pa.array(lost["x"])]), "x"),
        lambda: feature_table(lost, (), ("x",)),
        lambda: find_classes(lost["x"].dropna(), None),
    ]
    for read in readers:
        with pytest.raises(DataError, match=r"'x' holds .* of 2\^53 or more as float64, which"):
            read()


@settings(deadline=None)
@given(st.lists(SIGNED, min_size=2, max_size=5, unique=True))
def test_classes_are_exact(names: list[int]) -> None:
    labels = pd.Series([*names, None], dtype="Int64").dropna()
    classes = find_classes(labels, names[0] if len(names) == 2 else None)
    assert [classes.names[code] for code in classes.encode(labels)] == list(map(str, names))
    assert classes.values(classes.encode(labels)).tolist() == names


def test_classes_beyond_int64_are_predicted_as_text() -> None:
    names = ("-1", str(2**64 - 1))
    assert Classes(names).values(np.array([0, 1])).tolist() == list(names)


@settings(deadline=None)
@given(st.integers(EXACT_BELOW, 2**63 - 2))
def test_rows_without_a_key_differ_by_the_last_digit(value: int) -> None:
    table = pd.DataFrame({"x": [value, value + 1, value], "y": [1, 1, 1]})
    first, second, third = row_hashes(table, None, ("x", "y"))
    assert first == third != second
    gaps = pd.DataFrame({"x": pd.array([value, None, value], "Int64"), "y": [1, 1, 1]})
    assert row_hashes(gaps, None, ("x", "y"))[0] == first
    assert row_hashes(table.rename(columns={"x": "z"}), None, ("y",))[0] != first


def test_hashes_of_shorter_numbers_stay_what_versions_keep() -> None:
    """Recorded before long numbers counted."""
    table = pd.DataFrame({"x": [3, EXACT_BELOW - 1], "y": [0.5, 1.5]})
    plain = pd.util.hash_pandas_object(table.astype(float), index=False)
    assert row_hashes(table, None, ("x", "y")).tolist() == plain.tolist()
