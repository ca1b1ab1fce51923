"""Columns of a window over several batches, read a group at a time."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.base.periods import Window
from driftloop.profiling.columns import feature_table
from tasks.snapshots.parquet import ParquetColumns

START = datetime(2026, 1, 1, tzinfo=UTC)


def write(path: Path, first: int, rows: int, **columns: Any) -> Path:
    times = pd.date_range("2026-01-01", periods=first + rows, freq="h")[first:]
    frame = pd.DataFrame({"at": times, "x": np.arange(first, first + rows) * 1.0, **columns})
    frame.to_parquet(path, row_group_size=10)
    return path


def hours(first: int, last: int) -> Window:
    return Window(START + timedelta(hours=first), START + timedelta(hours=last))


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, ...]:
    return tuple(
        write(tmp_path / f"{part}.parquet", 48 * part, 48, c=["a", "b", None] * 16)
        for part in range(3)
    )


@pytest.mark.parametrize("span", [(0, 144), (50, 55), (40, 100), (0, 10), (143, 144)])
def test_rows_are_those_of_the_window(paths: tuple[Path, ...], span: tuple[int, int]) -> None:
    columns = ParquetColumns.of(paths, hours(*span), "at")
    assert columns.rows == span[1] - span[0]
    assert columns.numeric("x").values.tolist() == list(map(float, range(*span)))
    whole = pd.concat(map(pd.read_parquet, paths), ignore_index=True).iloc[slice(*span)]
    found = columns.categorical("c")
    expected = whole.c.value_counts()
    assert dict(zip(found.levels, found.counts, strict=True)) == expected.to_dict()
    assert found.missing == whole.c.isna().sum()
    batches = list(columns.row_batches(("x",), 7))
    assert max(map(len, batches)) <= 7
    assert pd.concat(batches).x.tolist() == whole.x.tolist()


def test_window_without_rows(paths: tuple[Path, ...]) -> None:
    columns = ParquetColumns.of(paths, hours(900, 901), "at")
    assert columns.rows == 0
    assert len(columns.times) == 0
    with pytest.raises(DataError, match="column 'x' is missing"):
        columns.numeric("x")


def test_times_with_a_zone_and_in_nanoseconds_are_utc(tmp_path: Path) -> None:
    path = tmp_path / "zone.parquet"
    at = pd.date_range("2026-01-01", periods=24, freq="h", tz="Europe/Vienna")
    pd.DataFrame({"at": at, "x": range(24)}).to_parquet(path)
    columns = ParquetColumns.of((path,), hours(0, 24), "at")
    assert columns.rows == 23
    assert columns.times[0] == np.datetime64("2026-01-01T00:00")


def test_column_that_one_batch_lacks_is_missing_there(tmp_path: Path) -> None:
    full = write(tmp_path / "a.parquet", 0, 10, extra=np.arange(10.0))
    bare = write(tmp_path / "b.parquet", 10, 10)
    found = ParquetColumns.of((full, bare), hours(0, 20), "at").numeric("extra")
    assert (found.rows, found.missing) == (20, 10)


def test_type_that_changes_between_batches_is_told_and_spares_the_others(tmp_path: Path) -> None:
    number = write(tmp_path / "a.parquet", 0, 10, extra=np.arange(10.0))
    text = write(tmp_path / "b.parquet", 10, 10, extra=["a"] * 10)
    columns = ParquetColumns.of((number, text), hours(0, 20), "at").batch(("x", "extra"))
    assert columns.numeric("x").rows == 20
    with pytest.raises(DataError, match="column 'extra' holds double and text in different"):
        columns.numeric("extra")


def test_whole_numbers_and_numbers_go_together(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.parquet", 0, 10, extra=np.arange(10))
    number = write(tmp_path / "b.parquet", 10, 10, extra=np.arange(10) / 2)
    found = ParquetColumns.of((whole, number), hours(0, 20), "at").numeric("extra")
    assert found.values.sum() == 45 + 22.5


def test_flags_are_the_same_values_as_true_and_as_one(tmp_path: Path) -> None:
    flags = write(tmp_path / "a.parquet", 0, 10, f=[True] * 3 + [False] * 7)
    ones = write(tmp_path / "b.parquet", 10, 10, f=[1] * 6 + [0] * 4)
    for first, last, trues in ((0, 10, 3), (10, 20, 6), (0, 20, 9)):
        found = ParquetColumns.of((flags, ones), hours(first, last), "at").categorical("f")
        held = dict(zip(found.levels, found.counts, strict=True))
        assert held == {"True": trues, "False": last - first - trues}


def test_codes_are_the_same_values_as_text_of_any_kind_and_as_numbers(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.parquet", 0, 10, c=["7", "8"] * 5)
    whole = write(tmp_path / "b.parquet", 10, 10, c=[7, 8] * 5)
    view, large = tmp_path / "c.parquet", tmp_path / "d.parquet"
    for path, kind, first in ((view, pa.string_view(), 20), (large, pa.large_string(), 30)):
        table = pq.read_table(write(path, first, 10))
        pq.write_table(table.append_column("c", pa.array(["7", None] * 5, kind)), path)
    found = ParquetColumns.of((plain, whole, view, large), hours(0, 40), "at").categorical("c")
    assert dict(zip(found.levels, found.counts, strict=True)) == {"7": 20, "8": 10}
    assert found.missing == 10


def test_time_column_is_checked(paths: tuple[Path, ...]) -> None:
    with pytest.raises(DataError, match=r"data.time: received 'when'; valid: at, x, c"):
        ParquetColumns.of(paths, hours(0, 1), "when")
    with pytest.raises(DataError, match="holds double, expected timestamps"):
        ParquetColumns.of(paths, hours(0, 1), "x")


CODES = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=10, max_size=10)


@settings(max_examples=15, deadline=None)
@given(CODES)
def test_whole_numbers_are_exact_with_gaps_and_without(codes: list[int | None]) -> None:
    """In a batch with a gap and in one without, whole and a group at a time."""
    with tempfile.TemporaryDirectory() as place:
        folder, full = Path(place), [2**63 - 1 - one for one in range(10)]
        paths = (
            write(folder / "a.parquet", 0, 10, code=pd.array(codes, "Int64")),
            write(folder / "b.parquet", 10, 10, code=full),
        )
        columns = ParquetColumns.of(paths, hours(0, 20), "at")
        expected = [None if one is None else str(one) for one in codes + full]
        found = columns.categorical("code")
        assert np.append(found.levels, None)[found.codes].tolist() == expected
        batches = [feature_table(one, (), ("code",)) for one in columns.row_batches(("code",), 7)]
        assert pd.concat(batches).code.tolist() == expected
        whole = columns.series("code")
    assert [None if pd.isna(one) else one for one in whole] == codes + full


def test_batches_whose_codes_lost_their_digits_are_not_mixed_with_exact_ones(
    tmp_path: Path,
) -> None:
    exact = write(tmp_path / "a.parquet", 0, 10, code=[2**60 + one for one in range(10)])
    lost = write(tmp_path / "b.parquet", 10, 10, code=[*(float(2**60) for _ in range(9)), None])
    columns = ParquetColumns.of((exact, lost), hours(0, 20), "at")
    with pytest.raises(DataError, match="'code' holds double and int64 in different batches"):
        columns.categorical("code")
    alone = ParquetColumns.of((lost,), hours(0, 20), "at")
    with pytest.raises(DataError, match="loses their last digits"):
        alone.categorical("code")
