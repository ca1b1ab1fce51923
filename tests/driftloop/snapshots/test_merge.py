"""Merging against a plain model: a dictionary of rows, in which the newest arrival wins."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.snapshots.delivery import Delivery
from driftloop.snapshots.merge import Roles, Staged, merge

ROLES = Roles("at", "y", "id", "week")
DAY = pd.Timestamp("2026-03-02")
ROW = st.tuples(st.integers(0, 20), st.integers(0, 2), st.sampled_from([None, 0, 1]))
ARRIVALS = st.lists(st.dictionaries(st.integers(0, 12), ROW, min_size=1, max_size=8), max_size=5)
SCHEMA = pa.schema(
    [("id", pa.int64()), ("at", pa.timestamp("us")), ("x", pa.int64()), ("y", pa.int64())]
)


def delivery(rows: dict[int, tuple[int, int, int | None]]) -> Delivery:
    values = [
        {"id": key, "at": DAY + pd.Timedelta(days=day), "x": x, "y": y}
        for key, (day, x, y) in rows.items()
    ]
    return Delivery("a.csv", pa.Table.from_pylist(values, schema=SCHEMA), (), ())


def put(batches: dict[str, Path], folder: Path, arrived: Delivery, roles: Roles = ROLES) -> Staged:
    """Merge into a staging folder, and make what it holds the batches."""
    staged = Staged(folder / "staging")
    merge(arrived, roles, batches, staged)
    for name, path in staged.files.items():
        batches[name] = Path(shutil.move(path, folder / name))
    return staged


@settings(max_examples=40, deadline=None)
@given(ARRIVALS)
def test_newest_wins_and_a_known_label_stays(arrivals: list[dict[int, Any]]) -> None:
    known: dict[int, tuple[int, int, int | None]] = {}
    with tempfile.TemporaryDirectory() as place:
        batches: dict[str, Path] = {}
        for rows in arrivals:
            staged = put(batches, Path(place), delivery(rows))
            fresh, changed = len(rows.keys() - known.keys()), 0
            for key, (day, x, y) in rows.items():
                label = known[key][2] if y is None and key in known else y
                changed += key in known and known[key] != (day, x, label)
                known[key] = (day, x, label)
            assert (staged.added, staged.changed) == (fresh, changed)
            again = put(batches, Path(place), delivery(rows))
            assert (again.added, again.changed, again.files) == (0, 0, {})
        found = [row for path in batches.values() for row in pq.read_table(path).to_pylist()]
    assert {row["id"]: ((row["at"] - DAY).days, row["x"], row["y"]) for row in found} == known
    assert len(found) == len(known)


def test_a_new_row_goes_into_the_batch_of_its_period(tmp_path: Path) -> None:
    batches: dict[str, Path] = {}
    put(batches, tmp_path, delivery({1: (0, 0, 0), 2: (6, 0, 0), 3: (7, 0, 0)}))
    assert sorted(batches) == ["2026-03-02.parquet", "2026-03-09.parquet"]
    put(batches, tmp_path, delivery({3: (0, 0, 1)}))
    assert pq.read_table(batches["2026-03-09.parquet"]).to_pylist()[0]["at"] == DAY


def test_a_batch_keeps_its_types_and_its_other_columns(tmp_path: Path) -> None:
    """Times with a zone, categories, a column that does not arrive, text that is larger."""
    old = pd.DataFrame(
        {
            "id": [1, 2],
            "at": pd.to_datetime(["2026-03-02", "2026-03-03"]).tz_localize("Europe/Berlin"),
            "x": pd.array([1, None], "Int32"),
            "y": [0.0, None],
            "note": pd.Categorical(["a", "b"]),
        }
    )
    path = tmp_path / "old.parquet"
    old.to_parquet(path)
    batches = {"old.parquet": path}
    put(batches, tmp_path, delivery({2: (4, 7, 1), 3: (5, 8, None)}))
    found = pq.read_table(batches["old.parquet"])
    assert str(found.schema.field("at").type).endswith("tz=Europe/Berlin]")
    assert found.schema.field("x").type == pa.int32()
    assert found.column("note").to_pylist() == ["a", "b"]
    assert found.column("y").to_pylist() == [0.0, 1.0]
    moments = found.column("at").cast(pa.timestamp("us", "UTC")).to_pylist()
    assert moments[1] == (DAY + pd.Timedelta(days=4)).tz_localize("UTC")
    assert sorted(batches) == ["2026-03-02.parquet", "old.parquet"]


def test_rows_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    pq.write_table(pa.concat_tables([delivery({1: (0, 0, 0)}).table] * 2), path)
    with pytest.raises(DataError, match=r"batch old\.parquet repeats a id that arrived again"):
        merge(delivery({1: (0, 1, 1)}), ROLES, {"old.parquet": path}, Staged(tmp_path / "s"))
    fresh = Staged(tmp_path / "s")
    merge(delivery({2: (0, 1, 1)}), ROLES, {"old.parquet": path}, fresh)
    assert fresh.added == 1
