"""A row that was trained on is known again, however it is delivered."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.snapshots.row_hashes import row_hashes, shared_rows

COLUMNS = ("time", "amount", "country", "label")
TIMES = pd.to_datetime(["2026-03-02T10:00", "2026-03-02T11:00", "2026-03-02T12:00"])


def rows(**changes: Any) -> pd.DataFrame:
    whole = {
        "id": [1, 2, 3],
        "time": TIMES,
        "amount": [10, 20, 30],
        "country": ["at", "de", "fr"],
        "label": [0, 1, 0],
    }
    return pd.DataFrame({**whole, **changes})


def shared(one: pd.DataFrame, other: pd.DataFrame, key: str | None = "id") -> int:
    return shared_rows(row_hashes(one, key, COLUMNS), row_hashes(other, key, COLUMNS))


def test_same_key_is_the_same_row_whatever_else_changed() -> None:
    other = rows(amount=[99, 98, 97], label=[1, 1, 1], id=[3, 4, 5])
    assert shared(rows(), other) == 1
    assert shared(rows(), other, key=None) == 0


def test_each_repeated_row_counts() -> None:
    assert shared(rows(id=[1, 1, 2]), rows(id=[1, 7, 8])) == 2


@pytest.mark.parametrize(
    "ids",
    [
        np.array([1, 2, 3], dtype="int32"),
        [1.0, 2.0, 3.0],
        ["1", "2", "3"],
        pd.Categorical([1, 2, 3]),
        pd.array([1, 2, 3], dtype="Int64"),
    ],
    ids=["int32", "float", "text", "category", "nullable"],
)
def test_keys_are_the_same_in_every_form(ids: Any) -> None:
    assert shared(rows(), rows(id=ids)) == 3


def test_large_keys_are_told_apart() -> None:
    big = 2**60
    assert shared(rows(id=[big, big + 1, big + 2]), rows(id=[big + 3, big + 4, big])) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": [10.0, 20.0, 30.0]},
        {"amount": np.array([10, 20, 30], dtype="int8")},
        {"country": pd.Categorical(["at", "de", "fr"])},
        {"time": TIMES.astype("datetime64[ms]")},
        {"label": [0.0, 1.0, 0.0]},
        {"unread": [7, 8, 9]},
    ],
    ids=["float", "int8", "category", "milliseconds", "float label", "another column"],
)
def test_whole_rows_are_the_same_in_every_form(changes: Any) -> None:
    assert shared(rows(), rows(**changes), key=None) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"time": TIMES + pd.Timedelta("1ms")},
        {"amount": [10.5, 20.5, 30.5]},
        {"country": ["AT", "DE", "FR"]},
        {"label": [1, 0, 1]},
    ],
    ids=["time", "amount", "country", "label"],
)
def test_without_a_key_one_other_value_is_another_row(changes: Any) -> None:
    assert shared(rows(), rows(**changes), key=None) == 0
    assert shared(rows(), rows(**changes)) == 3


def test_rows_without_a_key_value_go_by_all_they_hold() -> None:
    holed = rows(id=[1, None, None])
    assert shared(holed, holed) == 3
    other = rows(id=[1, None, None], amount=[99, 20, 99])
    assert shared(holed, other) == 2, "the same key, and the same row without one"


def test_a_key_that_the_data_lack_is_no_key() -> None:
    assert shared(rows(), rows(label=[0, 1, 1]), key="uuid") == 2


def test_missing_values_are_values() -> None:
    holed = rows(amount=[None, 20, 30], country=["at", None, "fr"])
    assert shared(holed, holed.copy(), key=None) == 3
    assert shared(holed, rows(), key=None) == 1


def test_nothing_is_shared_with_nothing() -> None:
    assert shared(rows(), rows()[:0]) == 0
    assert shared(rows()[:0], rows()) == 0
    assert len(row_hashes(rows()[:0], None, COLUMNS)) == 0


def test_many_rows_have_many_hashes() -> None:
    many = pd.DataFrame({"amount": np.arange(200_000)})
    assert len(np.unique(row_hashes(many, None, COLUMNS))) == 200_000
