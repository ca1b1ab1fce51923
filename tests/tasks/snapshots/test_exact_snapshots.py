"""Keys and codes of 19 digits through real Git and DVC: exact, or nothing is stored."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from snapshot_ground import CONFIG, ROWS, commit_copy, drop, job_of, take, week_rows
from workshop import git

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError
from driftloop.base.periods import Window
from driftloop.base.windows import EARLIEST
from driftloop.performance.target import find_classes
from driftloop.profiling.columns import feature_table
from driftloop.training.estimators import LogisticRegression
from driftloop.training.training import Examples, fit, predict
from tasks.snapshots.parquet import read_slice
from tasks.snapshots.resolve import open_snapshot

BASE = {"int64": 2**60, "uint64": 2**64 - 2 * ROWS}


def long_rows(week: int, kind: str, labelled: bool = True) -> pd.DataFrame:
    """Rows whose keys and codes differ in the last digits, the codes with gaps."""
    table = week_rows(week, labelled=labelled)
    table["id"] = BASE[kind] + np.arange(ROWS, dtype=kind) + np.array(week * ROWS // 2, dtype=kind)
    codes = 23_847_239_847_230_001 + np.arange(ROWS) % 4
    table["c"] = pd.array(codes, "Int64")
    table.loc[3, "c"] = pd.NA
    return table


def committed(place: Path, kind: str) -> Path:
    """Make a working copy with one week, on a branch without a remote."""
    work = place / "work"
    batches = work / "data" / "payments"
    batches.mkdir(parents=True)
    (place / "drops").mkdir()
    first = long_rows(0, kind, labelled=False).assign(bad=pd.array([None] * ROWS, "Int64"))
    first.to_parquet(batches / "2026-03-02.parquet", index=False)
    config = {**CONFIG, "arrivals": {**CONFIG["arrivals"], "push": False}}
    config["arrivals"]["source"] = {"kind": "folder", "path": "../drops", "pattern": "*.*"}
    commit_copy(work, config)
    return work


def rows_of(work: Path) -> pd.DataFrame:
    job = job_of(work)
    snapshot = open_snapshot(str(work), git(work, "rev-parse", "HEAD"), "data/payments")
    everything = DataSlice(snapshot, Window(EARLIEST, job.as_of))
    return read_slice(everything, ("id", "a", "n", "c", "bad"), "at", job.workspace)


def label(work: Path, name: str, key: Any) -> None:
    (work.parent / "drops" / name).write_text(json.dumps({"id": key, "bad": 1}) + "\n")


@pytest.mark.parametrize("kind", ["int64", "uint64"])
@pytest.mark.parametrize("written", [str, int], ids=["text", "number"])
def test_a_label_by_key_is_stored_at_exactly_that_row(
    tmp_path: Path, kind: str, written: Any
) -> None:
    work = committed(tmp_path, kind)
    key = int(long_rows(0, kind)["id"].iloc[17])
    label(work, "label.ndjson", written(key))
    found = take(work)
    assert (found.added, found.changed, found.labelled) == (0, 1, 1)
    rows = rows_of(work)
    assert rows["id"].tolist() == long_rows(0, kind)["id"].tolist()
    assert rows["id"][rows["bad"].notna()].tolist() == [key]


def test_a_key_that_lost_its_digits_stores_nothing(tmp_path: Path) -> None:
    work = committed(tmp_path, "int64")
    before = git(work, "rev-parse", "HEAD")
    label(work, "label.ndjson", float(2**60))
    with pytest.raises(DataError, match=r"label\.ndjson: column 'id', row 1: .* last digits"):
        take(work)
    assert git(work, "rev-parse", "HEAD") == before
    assert git(work, "status", "--porcelain") == ""


@pytest.mark.parametrize("kind", ["int64", "uint64"])
def test_new_rows_keep_every_digit_up_to_the_model(tmp_path: Path, kind: str) -> None:
    """CSV writes a gap among whole numbers as nothing, and unsigned ones beyond int64."""
    work = committed(tmp_path, kind)
    second = long_rows(1, kind)
    drop(work, "week.csv", second)
    found = take(work)
    assert found.added + found.changed == ROWS
    rows = rows_of(work).drop_duplicates("id", keep="last").set_index("id").loc[second["id"]]
    assert rows["c"].tolist() == second["c"].tolist()
    batches = sorted((work / "data" / "payments").glob("*.parquet"))
    assert {str(pq.read_schema(one).field("c").type) for one in batches} == {"int64"}
    assert {str(pq.read_schema(one).field("id").type) for one in batches} == {kind}
    _check_model(rows)


def _check_model(rows: pd.DataFrame) -> None:
    """A model tells codes apart that differ in the last digit."""
    rows = pd.concat([rows[rows["c"].notna()]] * 8, ignore_index=True)
    labels = (rows["c"] % 2).astype("Int64")
    target = find_classes(labels, 1)
    examples = Examples(feature_table(rows, (), ("c",)), target.encode(labels), target)
    model = fit(LogisticRegression(), examples, (), ("c",), 0)
    assert (predict(model, examples.table, target).argmax(1) == examples.y).all()
