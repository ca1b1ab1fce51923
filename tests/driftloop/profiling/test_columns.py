from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.errors import DataError
from driftloop.profiling.columns import categorical_column, feature_table, numeric_column


def table(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": values})


@pytest.mark.parametrize(
    ("values", "present", "missing"),
    [
        ([1.0, np.nan, np.inf, -np.inf, 2.0], [1, 2], 3),
        ([1, None, 2], [1, 2], 1),
        ([None, None], [], 2),
        ([], [], 0),
        ([True, False], [1, 0], 0),
        (pd.array([1, None], dtype="Int64"), [1], 1),
        (pd.array([True, None], dtype="boolean"), [1], 1),
        (np.array([2**40], dtype=np.int64), [2**40], 0),
        (np.array([1, 2], dtype="uint8"), [1, 2], 0),
        (np.array([3, 2.5], dtype=object), [3, 2.5], 0),
    ],
)
def test_numbers(values: Any, present: list[float], missing: int) -> None:
    column = numeric_column(table(values), "x")
    assert column.present.tolist() == present
    assert column.values.dtype == np.float64
    assert (column.missing, column.rows) == (missing, len(values))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["1", "2"], "holds text, declared numeric"),
        ([1, "2"], "holds values of type int, str"),
        (pd.to_datetime(["2026-01-01"]), "holds dates .derive a number"),
        ([1j], "complex"),
        (pd.Categorical(["a"]), "holds text"),
    ],
)
def test_what_is_no_number_is_refused(values: Any, why: str) -> None:
    with pytest.raises(DataError, match=f"column 'x' .*{why}"):
        numeric_column(table(values), "x")


@pytest.mark.parametrize("read", [numeric_column, categorical_column])
def test_absent_column_is_refused(read: Any) -> None:
    with pytest.raises(DataError, match="column 'y' is missing"):
        read(table([1]), "y")


@pytest.mark.parametrize(
    ("values", "present", "missing"),
    [
        (["a", None, np.nan, "b"], ["a", "b"], 2),
        ([1, 2], ["1", "2"], 0),
        ([1.0, np.nan, 2.0], ["1", "2"], 1),
        ([0.1, 1e20], ["0.1", "1e+20"], 0),
        ([True, False], ["True", "False"], 0),
        (pd.Categorical(["a", None]), ["a"], 1),
        (pd.Categorical([3, 4]), ["3", "4"], 0),
        (pd.array(["a", None], dtype="string"), ["a"], 1),
        (pd.array([1, None], dtype="Int64"), ["1"], 1),
        ([None], [], 1),
        ([], [], 0),
    ],
)
def test_categories(values: Any, present: list[str], missing: int) -> None:
    column = categorical_column(table(values), "x")
    assert column.levels[column.codes[column.codes >= 0]].tolist() == present
    assert column.counts.sum() == len(present)
    assert (column.missing, column.rows) == (missing, len(values))


def test_mixed_categories_are_refused_with_their_types() -> None:
    with pytest.raises(DataError, match="column 'x' mixes int, str; write one type"):
        categorical_column(table(["a", 1]), "x")


def test_missing_rate() -> None:
    assert numeric_column(table([1.0, np.nan, np.inf, 2.0]), "x").missing_rate == 0.5
    assert np.isnan(numeric_column(table([]), "x").missing_rate)


def test_feature_table_is_what_a_model_reads() -> None:
    wide = pd.DataFrame(
        {"n": [1, None, np.inf], "c": [1.0, None, 2.0], "other": 0}, index=[5, 6, 7]
    )
    made = feature_table(wide, ("n",), ("c",))
    assert made.columns.tolist() == ["n", "c"]
    assert made.index.tolist() == [5, 6, 7]
    assert made.n.dtype == np.float64
    np.testing.assert_array_equal(made.n, [1.0, np.nan, np.nan])
    assert made.c.tolist() == ["1", None, "2"]


@pytest.mark.parametrize(
    "values",
    [["one", "2"], pd.to_datetime(["2026-01-01", "2026-01-02"])],
    ids=["text", "dates"],
)
def test_feature_table_refuses_what_is_no_number(values: Any) -> None:
    """Otherwise text is a bare ValueError with data in it, and a date a number of nanoseconds."""
    with pytest.raises(DataError, match="column 'x' holds"):
        feature_table(table(values), ("x",), ())


def test_feature_table_keeps_missing_dates_missing() -> None:
    """An all-null timestamp column must not become the number -9.2e18."""
    made = feature_table(table([pd.NaT, pd.NaT]), ("x",), ())
    assert made.x.isna().all()


def test_feature_table_names_an_absent_column() -> None:
    with pytest.raises(DataError, match="column 'y' is missing"):
        feature_table(table([1]), ("x",), ("y",))
