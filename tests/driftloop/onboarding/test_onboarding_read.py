"""Reading: what is accepted, and the one line for everything that is not."""

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.base.errors import DataError
from driftloop.snapshots.options import Options
from driftloop.snapshots.read_table import read_table

OPTIONS = Options("at", "y")
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "calls.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return to_file


def lines(*rows: str, header: str = "at,x,y") -> str:
    return "\n".join((header, *rows)) + "\n"


GOOD = ("2026-01-01,1,no", "2026-01-02,2,yes", "2026-01-03,3,no")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(write: Write, separator: str) -> None:
    path = write(lines(*GOOD).replace(",", separator))
    table = read_table(path, OPTIONS).table
    assert table["x"].tolist() == [1, 2, 3]
    assert table["at"].dtype == "datetime64[us]"


def test_a_byte_order_mark_spaces_and_windows_lines_do_no_harm(write: Write) -> None:
    path = write("\ufeff" + "at , x, y\r\n2026-01-01, 1, no\r\n2026-01-02, , yes \r\n")
    table = read_table(path, OPTIONS).table
    assert list(table.columns) == ["at", "x", "y"]
    assert table["y"].tolist() == ["no", "yes"]
    assert table["x"].isna().tolist() == [False, True]


def test_decimal_commas_are_numbers_where_semicolons_separate(write: Write) -> None:
    path = write("at;x;y\n2026-01-01;1,5;no\n2026-01-02;2,25;yes\n")
    assert read_table(path, OPTIONS).table["x"].tolist() == [1.5, 2.25]


def test_quoted_words_are_values_and_others_are_told(write: Write) -> None:
    rows = (
        '2026-01-01,"NA",1,no',
        "2026-01-02,NA,NA,yes",
        '2026-01-03,DE,"",no',
        "2026-01-04,,4,no",
    )
    source = read_table(write(lines(*rows, header="at,land,x,y")), OPTIONS)
    assert source.table["land"].dropna().to_dict() == {0: "NA", 2: "DE"}
    assert source.table["x"].isna().tolist() == [False, True, True, False]
    assert pd.api.types.is_numeric_dtype(source.table["x"])
    assert source.notes == (
        "land: cells such as 'NA' count as missing, 1 in all; put them in quotes where they "
        "are values.",
        "x: cells such as 'NA' count as missing, 1 in all; put them in quotes where they are "
        "values.",
    )


def test_numbers_among_odd_cells_are_numbers(write: Write) -> None:
    rows = ("2026-01-01,1.5,$2.50,no", "2026-01-02,-,$7.00,yes", "2026-01-03,2,?,no")
    source = read_table(write(lines(*rows, header="at,x,fee,y")), OPTIONS)
    assert source.table["x"].fillna(-1).tolist() == [1.5, -1, 2]
    assert source.table["fee"].fillna(-1).tolist() == [2.5, 7, -1]
    assert source.notes == (
        "x: 1 cell is not a number and counts as missing, such as '-'.",
        "fee: 1 cell is not a number and counts as missing, such as '?'.",
    )
    kept = read_table(source.path, replace(OPTIONS, categorical=("x",)))
    assert kept.table["x"].tolist() == ["1.5", "-", "2"]


def test_whole_numbers_that_parquet_holds_as_text_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    at = pd.date_range("2026-01-01", periods=3)
    zips, sums = ["10115", "20095", "80331"], ["1.5", "2.5", "-"]
    pd.DataFrame({"at": at, "zip": zips, "sum": sums, "y": [0, 1, 0]}).to_parquet(path)
    table = read_table(path, OPTIONS).table
    assert table["zip"].tolist() == zips
    assert table["sum"].fillna(-1).tolist() == [1.5, 2.5, -1]


def _view() -> pa.DataType:
    """Return the type of string views; that of strings where pyarrow cannot write them yet."""
    try:
        pq.write_table(pa.table({"x": pa.array(["a"], pa.string_view())}), pa.BufferOutputStream())
    except pa.ArrowNotImplementedError:
        return pa.string()
    return pa.string_view()


def test_columns_that_are_no_features_are_left_out_or_read(tmp_path: Path) -> None:
    at = pd.date_range("2026-01-01", periods=3)
    table = pa.table(
        {
            "at": at,
            "y": [0, 1, 0],
            "": [7, 8, 9],
            "Unnamed: 0": [7, 8, 9],
            "__index_level_0__": [7, 8, 9],
            "half": pa.array(np.array([1.5, 2.5, np.nan], np.float16)),
            "view": pa.array(["a", "b", None], _view()),
            "code": pa.array([b"0" * 16] * 3, pa.uuid()),
            "flag": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, 1], pa.int8())),
            "tags": [["a"], [], ["b"]],
        }
    )
    pq.write_table(table, tmp_path / "calls.parquet")
    source = read_table(tmp_path / "calls.parquet", OPTIONS)
    assert list(source.table.columns) == ["at", "y", "half", "view", "flag"]
    assert source.table["half"].fillna(-1).tolist() == [1.5, 2.5, -1]
    assert source.table["flag"].tolist() == [1, 0, 1]
    assert set(source.unusable) == {"", "Unnamed: 0", "__index_level_0__", "code", "tags"}
    assert "row index" in source.unusable[""]
    assert "uuid" in source.unusable["code"]


def test_quoted_fields_may_hold_the_separator_and_line_breaks(write: Write) -> None:
    path = write('at,x,y\n2026-01-01,"a, b",no\n2026-01-02,"c\nd",yes\n2026-01-01,e,no\n')
    with pytest.raises(DataError, match="row 3"):
        read_table(path, OPTIONS)


def test_offsets_become_utc_although_summer_time_changes_them(write: Write) -> None:
    path = write(lines("2026-03-29T01:30:00+01:00,1,no", "2026-03-29T03:30:00+02:00,2,yes"))
    times = read_table(path, OPTIONS).table["at"]
    assert [str(time) for time in times] == ["2026-03-29 00:30:00", "2026-03-29 01:30:00"]


def test_the_name_utc_counts_as_a_zone(write: Write) -> None:
    path = write(lines("2026-01-01 06:00:00 UTC,1,no", "2026-01-01T07:00:00Z,2,yes"))
    assert read_table(path, OPTIONS).table["at"].dt.hour.tolist() == [6, 7]


def test_true_and_false_labels_become_one_and_zero_beside_gaps(write: Write) -> None:
    path = write(lines("2026-01-01,1,true", "2026-01-02,2,", "2026-01-03,3,false"))
    label = read_table(path, OPTIONS).table["y"]
    assert label.isna().tolist() == [False, True, False]
    assert label.dropna().tolist() == [1, 0]


@pytest.mark.parametrize("positive", ["true", "1", "1.0"])
def test_the_positive_value_may_be_written_as_people_write_it(write: Write, positive: str) -> None:
    path = write(lines("2026-01-01,1,1", "2026-01-02,2,0"))
    read_table(path, Options("at", "y", positive=positive))


def test_parquet_is_read_by_its_content_and_types_are_made_plain(tmp_path: Path) -> None:
    path = tmp_path / "calls.data"
    stamps = pa.array(
        pd.date_range("2026-01-01", periods=3, tz="Europe/Madrid"), pa.timestamp("ns", "CET")
    )
    pq.write_table(
        pa.table(
            {
                "at": stamps,
                "y": pa.array(["a", "b", "a"]).dictionary_encode(),
                "amount": pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("3.00")]),
                "tags": pa.array([["x"], [], None]),
            }
        ),
        path,
    )
    source = read_table(path, OPTIONS)
    assert str(source.table["at"].iloc[0]) == "2025-12-31 23:00:00"
    assert source.table["amount"].tolist() == [1.0, 2.0, 3.0]
    assert source.table["y"].tolist() == ["a", "b", "a"]
    assert "tags" not in source.table
    assert "derive" in source.unusable["tags"]


def test_dropped_columns_are_not_read(write: Write) -> None:
    options = Options("at", "y", drop=("x", "x"))
    assert list(read_table(write(lines(*GOOD)), options).table.columns) == ["at", "y"]


BAD_TEXTS = {
    "empty": ("", OPTIONS, "is empty"),
    "blank": ("\n \n", OPTIONS, "is empty"),
    "header only": ("at,x,y\n", OPTIONS, "a header and no rows"),
    "no table": ("just some words\nand more\n", OPTIONS, "header holds one column"),
    "binary": ("PK\x03\x04...", OPTIONS, "Excel.*save the sheet as CSV"),
    "nul": ("at,x\x00y\n", OPTIONS, "holds binary data"),
    "ragged": (lines(*GOOD, "2026-01-04,4"), OPTIONS, "line 5 has 2 fields, the header 3"),
    "long": (lines(*GOOD, "2026-01-04,4,no,"), OPTIONS, "line 5 has 4 fields"),
    "twice": (lines(*GOOD, header="at,y,y"), OPTIONS, "header holds 'y' more than once"),
    "time": (lines(*GOOD), Options("att", "y"), r"--time; received 'att'.*did you mean at\?"),
    "label": (lines(*GOOD), Options("at", "z"), "no such column for --label"),
    "drop": (lines(*GOOD), Options("at", "y", drop=("w",)), "no such column for --drop"),
    "key": (lines(*GOOD), Options("at", "y", key="w"), "no such column for --key"),
    "roles": (lines(*GOOD), Options("at", "at"), "--time and --label are both 'at'"),
    "dropped label": (
        lines(*GOOD),
        Options("at", "y", drop=("y",)),
        "--label and --drop are both 'y'",
    ),
    "no date": (
        lines(*GOOD, "soon,4,no", "later,5,no"),
        OPTIONS,
        r"'at', line 5: 'soon' is not a valid date \(2 such rows\); write times as 2026",
    ),
    "us date": (lines("1/2/2026,1,no"), OPTIONS, "line 2: '1/2/2026' is not a valid date"),
    "year": (lines("2026,1,no"), OPTIONS, "line 2: '2026' is not a valid date"),
    "epoch": (lines("1767225600,1,no"), OPTIONS, "'1767225600' is not a valid date"),
    "zones": (
        lines("2026-01-01T00:00:00Z,1,no", "2026-01-02T00:00:00,2,yes"),
        OPTIONS,
        "'at' mixes times with and without a zone:.*in line 2.*in line 3.*in UTC",
    ),
    "missing time": (
        lines(GOOD[0], ",2,yes"),
        OPTIONS,
        "'at', line 3: the time is missing; fill it in",
    ),
    "unsorted": (
        lines(GOOD[1], GOOD[0]),
        OPTIONS,
        "line 3: 2026-01-01 00:00:00 comes after 2026-01-02 00:00:00; sort the file by that",
    ),
    "same times": (
        lines(GOOD[0], GOOD[0]),
        OPTIONS,
        r"line 3: '2026-01-01 00:00:00' is repeated.*choose a column for --key; none tells all",
    ),
    "same times, and keys": (
        lines("2026-01-01,1,a,0.5,no", "2026-01-01,2,b,0.7,yes", header="at,id,x,price,y"),
        OPTIONS,
        "choose a column for --key; that would do: 'id', 'x'$",
    ),
    "same keys": (
        lines(*GOOD, "2026-01-04,3,yes"),
        Options("at", "y", key="x"),
        "'x', line 5: '3' is repeated, and it identifies the row",
    ),
    "no key": (
        lines(*GOOD, "2026-01-04,,yes"),
        Options("at", "y", key="x"),
        "'x', line 5: the value is missing; it identifies the row",
    ),
    "one class": (lines(GOOD[0]), OPTIONS, "every label is 'no'; a model needs two"),
    "no label": (lines("2026-01-01,1,", "2026-01-02,2,"), OPTIONS, "every label is missing"),
    "positive": (lines(*GOOD), Options("at", "y", positive="si"), "received 'si'; valid: no, yes"),
    "positive of three": (
        lines(*GOOD, "2026-01-04,4,maybe"),
        Options("at", "y", positive="yes"),
        "--positive is for two classes; 'y' holds 3",
    ),
    "empty column": (
        lines("2026-01-01,,no", "2026-01-02,,yes"),
        OPTIONS,
        "column 'x': entirely empty; add --drop x",
    ),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_what_is_wrong_is_said_in_one_line(write: Write, case: str) -> None:
    text, options, expected = BAD_TEXTS[case]
    path = write(text)
    with pytest.raises(DataError, match=expected) as caught:
        read_table(path, options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_label_of_many_values_is_refused(write: Write) -> None:
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    path = write(lines(*(f"{day},{place},v{place}" for place, day in enumerate(days))))
    with pytest.raises(DataError, match=r"60 different values.*up to 50.*--task regression"):
        read_table(path, OPTIONS)


@pytest.mark.parametrize(("encoding", "expected"), [("latin-1", "not UTF-8"), ("utf-16", "UTF-16")])
def test_another_encoding_is_named(tmp_path: Path, encoding: str, expected: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(lines("2026-01-01,café,no", "2026-01-02,té,yes").encode(encoding))
    with pytest.raises(DataError, match=expected):
        read_table(path, OPTIONS)


def test_latin_text_far_down_is_found_too(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    days = pd.date_range("2026-01-01", periods=100).strftime("%Y-%m-%d")
    path.write_bytes(lines(*(f"{day},café,no" for day in days)).encode().replace(b"\xc3", b"", 99))
    with pytest.raises(DataError, match="not UTF-8"):
        read_table(path, OPTIONS)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "nowhere.csv", OPTIONS)
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path, OPTIONS)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe\.csv: is a pipe, a socket or a device"):
        read_table(tmp_path / "pipe.csv", OPTIONS)


def test_a_torn_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    path.write_bytes(b"PAR1 and nothing after it")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        read_table(path, OPTIONS)


def test_a_parquet_time_of_numbers_is_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"at": [1, 2], "y": ["a", "b"], "x": [1, 2]}), path)
    with pytest.raises(DataError, match="row 1: '1' is not a valid date"):
        read_table(path, OPTIONS)
