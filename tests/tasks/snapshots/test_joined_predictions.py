"""Served predictions that arrive in a table of their own, joined to rows by the key."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from snapshot_ground import CONFIG, ROWS, build, drop, moved, take, week_rows
from workshop import git, write_config

from driftloop.base.errors import DataError
from driftloop.config.model_config import ModelConfig

SAID = {
    **CONFIG,
    "data": {**CONFIG["data"], "predictions": {"score": "p", "version": "v"}},
    "arrivals": {**CONFIG["arrivals"], "predictions": {"kind": "file", "path": "../said.parquet"}},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = build(tmp_path_factory.mktemp("predictions") / "place")
    write_config(work, SAID)
    git(work, "commit", "-qam", "predictions")
    git(work, "push", "-q")
    return work


@pytest.fixture
def work(template: Path, tmp_path: Path, no_server: None) -> Path:
    return moved(template, tmp_path / "place")


def said(*weeks: int) -> pd.DataFrame:
    """What was served, with features beside it, as a scorer logs it."""
    rows = pd.concat([week_rows(week, labelled=False) for week in weeks], ignore_index=True)
    return rows[["id", "a"]].assign(p=np.linspace(0, 1, len(rows)), v="007", a=99.0)


def log(work: Path, table: pd.DataFrame) -> None:
    table.to_parquet(work.parent / "said.parquet", index=False)


def batch(work: Path, name: str) -> pd.DataFrame:
    return pq.read_table(work / "data" / "payments" / name).to_pandas().set_index("id")


def test_predictions_are_joined_to_old_and_new_rows(work: Path) -> None:
    drop(work, "new.csv", week_rows(2, labelled=False))
    log(work, said(1, 2).iloc[5:])
    found = take(work)
    assert (found.added, found.changed, found.predicted) == (ROWS, 2 * ROWS - 5, 2 * ROWS - 5)
    assert "75 predictions" in found.sentence
    old, new = batch(work, "2026-03-09.parquet"), batch(work, "2026-03-16.parquet")
    assert old.p.isna().sum() == 5, "what was not logged"
    assert new.p.tolist() == pytest.approx(said(1, 2).p.iloc[ROWS:].tolist())
    assert set(new.v) == {"007"}
    assert (new.a != 99).all(), "nothing else of the table is taken"

    drop(work, "late.csv", week_rows(2).assign(p=None, v=None))
    later = take(work)
    assert (later.labelled, later.predicted) == (ROWS, 0)
    assert batch(work, "2026-03-16.parquet").p.notna().all(), "a gap erases no prediction"


def test_predictions_of_no_row_are_left_out_and_said(work: Path) -> None:
    log(work, said(1, 3))
    found = take(work)
    assert (found.added, found.predicted) == (0, ROWS)
    (note,) = found.notes
    assert "said.parquet: predictions of 40 rows that no batch holds" in note
    assert "'w03-000', were left out" in note
    log(work, said(3))
    with pytest.raises(DataError, match="deliver these rows first, or correct"):
        take(work)


def test_a_key_that_is_missing_or_repeated_is_one_clear_error(work: Path) -> None:
    wrong = {
        "no column 'id' in this table of predictions": said(1).rename(columns={"id": "row"}),
        "no column 'v' in this table of predictions": said(1).drop(columns="v"),
        "column 'id', row 41: 'w01-000' is repeated": pd.concat([said(1), said(1).head(1)]),
        "column 'id', row 4: the value is missing": said(1).replace({"id": {"w01-003": None}}),
    }
    for expected, table in wrong.items():
        log(work, table)
        with pytest.raises(DataError) as error:
            take(work)
        assert expected in str(error.value)
        assert "\n" not in str(error.value)


def test_a_table_of_predictions_needs_their_columns_and_a_key() -> None:
    for lacking, told in (("predictions", "data.predictions"), ("key", "data.key, by which")):
        data = {name: value for name, value in SAID["data"].items() if name != lacking}
        with pytest.raises(ValueError, match=rf"arrivals\.predictions .* needs {told}"):
            ModelConfig.model_validate({**SAID, "data": data})
