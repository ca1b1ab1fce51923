from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.performance.target import Classes, Quantity, find_classes


def series(values: Any, dtype: Any = None) -> "pd.Series[Any]":
    return pd.Series(values, name="y", dtype=dtype)


def arrived(values: Any) -> "pd.Series[Any]":
    """Labels as they are once rows whose label has not arrived are left out."""
    late = series([*values, None], dtype=object)
    return late[late.notna()]


@pytest.mark.parametrize(
    "labels",
    [
        series([0, 1, 1]),
        series([0.0, 1.0, 1.0]),
        series([False, True, True]),
        series(["0", "1", "1"]),
        series(pd.array([0, 1, 1], dtype="Int64")),
        series(pd.array([False, True, True], dtype="boolean")),
        series(pd.Categorical([0, 1, 1])),
        arrived([0, 1, 1]),
        arrived([False, True, True]),
        arrived([0.0, 1.0, 1.0]),
    ],
    ids=[
        *("int", "float", "bool", "text", "Int64", "boolean", "category"),
        *("late int", "late bool", "late float"),
    ],
)
@pytest.mark.parametrize("positive", [1, 1.0, True, "1"])
def test_one_is_one_however_it_is_stored(labels: "pd.Series[Any]", positive: object) -> None:
    classes = find_classes(labels, positive)
    assert classes == Classes(("0", "1"))
    assert classes.encode(labels).tolist() == [0, 1, 1]


def test_positive_class_is_last() -> None:
    labels = series(["fraud", "good", "good"])
    assert find_classes(labels, "fraud").names == ("good", "fraud")
    assert find_classes(labels, "fraud").encode(labels).tolist() == [1, 0, 0]
    assert find_classes(labels, None).names == ("fraud", "good")
    assert find_classes(series([1, 0]), 0).names == ("1", "0")


@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        (["a", "a"], None, r"has one class only \(a\)"),
        ([], None, r"has one class only \(no rows\)"),
        (["a", "b"], "c", r"never takes the positive class; received 'c'; valid: a, b"),
        (["good", "bad"], "god", r"did you mean good\?"),
        (["a", "b", "c"], "a", "is for two classes; the label 'y' holds 3: a, b, c"),
        (["a", None], None, "1 labels of 'y' are missing"),
        (range(51), None, "has 51 distinct values"),
    ],
)
def test_labels_that_cannot_be_learned(labels: Any, positive: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        find_classes(series(list(labels), dtype=object), positive)
    assert "\n" not in str(error.value)


def test_unknown_class_has_code_minus_one() -> None:
    classes = Classes(("b", "a"))
    assert classes.encode(series(["a", "zz", "b", "", "0"])).tolist() == [1, -1, 0, -1, -1]
    assert classes.encode(series([], dtype=object)).tolist() == []


@given(st.lists(st.text("abcXYZ019_-é ", min_size=1), min_size=2, unique=True), st.randoms())
def test_codes_and_names_agree(names: list[str], random: Any) -> None:
    random.shuffle(names)
    classes = Classes(tuple(names))
    assert classes.encode(series(names)).tolist() == list(range(len(names)))


def test_values_are_integers_where_all_classes_are() -> None:
    codes = np.array([1, 0, 1])
    assert Classes(("0", "1")).values(codes).tolist() == [1, 0, 1]
    assert Classes(("-1", "10")).values(codes).tolist() == [10, -1, 10]
    assert Classes(("0", "yes")).values(codes).tolist() == ["yes", "0", "yes"]


@pytest.mark.parametrize("names", [("01", "02"), ("00", "1"), ("²", "3"), ("--1", "2")])
def test_codes_that_only_look_like_integers_stay_text(names: tuple[str, str]) -> None:
    """A model that learned 1 for '01' is asked for '01' later and gives it probability 0."""
    assert Classes(names).values(np.array([0, 1])).tolist() == list(names)


def test_binary() -> None:
    assert Classes(("a", "b")).binary
    assert not Classes(("a", "b", "c")).binary


@pytest.mark.parametrize(
    "labels",
    [series([1, 2, 3]), series([1.0, 2.0, 3.0]), arrived([1, 2, 3]), series([1, 2, 3], "Int64")],
    ids=["int", "float", "late", "Int64"],
)
def test_quantities_are_numbers_however_they_are_stored(labels: "pd.Series[Any]") -> None:
    y = Quantity().encode(labels)
    assert (y.dtype, y.tolist()) == (np.float64, [1.0, 2.0, 3.0])
    assert Quantity().values(y) is y


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (series([1.0, np.nan, np.inf]), "'y' is missing or infinite in 2 of 3 rows"),
        (series([1, None], "Int64"), "missing or infinite in 1 of 2 rows"),
        (series(["a", "b"]), "needs numbers; set task: binary"),
        (series([1 + 2j]), "needs numbers"),
    ],
)
def test_quantities_that_cannot_be_learned(labels: "pd.Series[Any]", message: str) -> None:
    with pytest.raises(DataError, match=message):
        Quantity().encode(labels)


def test_many_classes_point_to_regression() -> None:
    with pytest.raises(DataError, match="set task: regression"):
        find_classes(series(range(51)), None)
