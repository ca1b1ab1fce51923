"""Snapshots of a folder of Parquet by its URL and of a Delta table: one window, needed columns."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from snapshot_ground import CONFIG, build, moved, rows_of, take, week_rows
from workshop import git, write_config

from driftloop.base.errors import ConfigError, DataError, DriftloopError
from driftloop.base.periods import Window, parse_time
from driftloop.config.arrivals import DeltaArrival, ParquetArrival
from driftloop.config.loading import config_of
from tasks.snapshots.stored_tables import stored_arrival

WEEK = Window(parse_time("2026-03-16"), parse_time("2026-03-23"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("tables") / "place")


@pytest.fixture
def work(template: Path, tmp_path: Path) -> Path:
    return moved(template, tmp_path / "place")


def arrives_from(work: Path, **source: Any) -> None:
    write_config(work, {**CONFIG, "arrivals": {"source": source}})
    git(work, "commit", "-qam", "source")
    git(work, "push", "-q")


def store(folder: Path, weeks: range, **options: Any) -> None:
    """Write weeks as Parquet in a folder a day, with a column that nobody needs."""
    for week in weeks:
        table = week_rows(week, **options).assign(note="unread")
        for day, rows in table.groupby(table["at"].dt.strftime("%Y-%m-%d")):
            place = folder / f"day={day}"
            place.mkdir(parents=True, exist_ok=True)
            rows.to_parquet(place / "part.parquet", index=False)


def test_a_folder_of_parquet_is_asked_again_for_late_labels(work: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    store(folder, range(2))
    store(folder, range(2, 3), labelled=False)
    arrives_from(work, kind="parquet", url=f"file://{folder}", partitions={"day": "%Y-%m-%d"})
    first = take(work, day="2026-03-23T02:00:00Z")
    assert (first.added, first.changed, first.labelled) == (40, 0, 0)
    store(folder, range(2, 4))
    second = take(work, day="2026-03-30T02:00:00Z")
    assert (second.added, second.changed, second.labelled) == (40, 40, 40)
    assert rows_of(work).bad.tolist()[80:120] == week_rows(2).bad.tolist()
    assert not take(work, day="2026-03-30T02:00:00Z").made


def test_a_delta_table_is_read_in_its_newest_version(work: Path, tmp_path: Path) -> None:
    table = tmp_path / "table"
    write_deltalake(table, pd.concat([week_rows(1), week_rows(2, labelled=False)]))
    arrives_from(work, kind="delta", url=f"file://{table}")
    assert take(work, day="2026-03-23T02:00:00Z").added == 40
    write_deltalake(table, pd.concat([week_rows(week) for week in range(1, 4)]), mode="overwrite")
    second = take(work, day="2026-03-30T02:00:00Z")
    assert (second.added, second.labelled) == (40, 40)


CONFIGURED = config_of(CONFIG, "payments")


def test_only_the_window_and_the_needed_columns_are_read(tmp_path: Path) -> None:
    """A file of another day is not opened: it could not be."""
    store(tmp_path / "lake", range(1, 4))
    (tmp_path / "lake" / "_SUCCESS").touch()
    (tmp_path / "lake" / "day=2026-03-29" / "part.parquet").write_bytes(b"broken")
    source = ParquetArrival(url=f"file://{tmp_path}/lake", partitions={"day": "%Y-%m-%d"})
    found = stored_arrival(source, WEEK, CONFIGURED, frozenset({"kept"})).table
    assert found.column_names == ["id", "at", "a", "n", "c", "bad"]
    assert sorted(found["id"].to_pylist()) == week_rows(2)["id"].tolist()
    with pytest.raises(DataError, match="cannot be read as one table"):
        stored_arrival(source.model_copy(update={"partitions": {}}), WEEK, CONFIGURED, frozenset())


def test_a_file_of_delta_outside_the_window_is_not_opened(tmp_path: Path) -> None:
    for week in range(1, 4):
        before = set(tmp_path.glob("*.parquet"))
        write_deltalake(tmp_path, week_rows(week).assign(note="unread"), mode="append")
        if week != 2:
            (new,) = set(tmp_path.glob("*.parquet")) - before
            new.write_bytes(b"broken")
    source = DeltaArrival(url=f"file://{tmp_path}")
    found = stored_arrival(source, WEEK, CONFIGURED, frozenset()).table
    assert found.column_names == ["id", "at", "a", "n", "c", "bad"]
    assert sorted(found["id"].to_pylist()) == week_rows(2)["id"].tolist()


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("us", "Europe/Berlin")])
def test_whatever_kind_of_time_the_window_is_half_open(tmp_path: Path, kind: pa.DataType) -> None:
    edges = ("2026-03-15 23:59:59", "2026-03-16", "2026-03-22 23:59:59", "2026-03-23")
    times = pa.array([pd.Timestamp(edge, tz="UTC") for edge in edges])
    rows = week_rows(2, rows=4)
    columns = {name: pa.array(rows[name]) for name in rows if name != "at"}
    pq.write_table(pa.table(columns | {"at": times.cast(kind)}), tmp_path / "a.parquet")
    source = ParquetArrival(url=f"file://{tmp_path}")
    found = stored_arrival(source, WEEK, CONFIGURED, frozenset()).table
    assert found["id"].to_pylist() == ["w02-001", "w02-002"]


def refused(source: ParquetArrival | DeltaArrival) -> DriftloopError:
    with pytest.raises(DriftloopError) as raised:
        stored_arrival(source, WEEK, CONFIGURED, frozenset())
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("kind", [ParquetArrival, DeltaArrival])
def test_an_address_without_a_table_and_a_missing_column(
    kind: type[ParquetArrival | DeltaArrival], tmp_path: Path
) -> None:
    error = refused(kind(url=f"file://{tmp_path}/nowhere"))
    assert isinstance(error, DataError)
    assert "correct arrivals.source.url" in str(error)
    assert isinstance(refused(kind(url="s9://bucket/folder")), ConfigError)
    for column, said in {"a": "no column 'a', which the conf", "at": "no column 'at'"}.items():
        folder = tmp_path / column
        rows = week_rows(2).drop(columns=column)
        folder.mkdir()
        if kind is DeltaArrival:
            write_deltalake(folder, rows)
        else:
            rows.to_parquet(folder / "part.parquet")
        error = refused(kind(url=f"file://{folder}"))
        assert isinstance(error, DataError)
        assert said in str(error)


def test_a_time_that_is_text_and_folders_that_are_not_there(tmp_path: Path) -> None:
    week_rows(2).astype({"at": str}).to_parquet(tmp_path / "part.parquet")
    text = refused(ParquetArrival(url=f"file://{tmp_path}"))
    assert "column 'at' holds" in str(text)
    assert "write it as a timestamp" in str(text)
    days = ParquetArrival(url=f"file://{tmp_path}", partitions={"day": "%Y-%m-%d"})
    assert "no folder day=…" in str(refused(days))


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    error = refused(DeltaArrival(url=f"file://{tmp_path}"))
    assert isinstance(error, ConfigError)
    assert "pip install 'driftloop[delta]'" in str(error)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    error = refused(ParquetArrival(url="s3://bucket/folder"))
    assert "pip install 'driftloop[s3]'" in str(error)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "/srv/lake"}, "is not an address"),
        ({"url": "s3://key:secret@bucket/x"}, "put credentials into the environment"),
        ({"url": "s3://b/x", "partitions": {"hour": "%Y-%m-%d-%H"}}, "follows the hour"),
        ({"url": "s3://b/x", "partitions": {"region": "eu"}}, "follows no time"),
    ],
)
def test_an_address_that_cannot_be_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ParquetArrival(**fields)
