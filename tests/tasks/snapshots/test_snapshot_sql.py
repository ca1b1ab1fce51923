"""Snapshots of a query: SQLite as the database, and what can be wrong with one."""

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snapshot_ground import CONFIG, build, job_of, moved, rows_of, take, week_rows
from workshop import git, write_config

from driftloop.base.errors import ConfigError, DataError, DriftloopError, UnavailableError
from driftloop.base.periods import Window, parse_time
from driftloop.config.arrivals import SqlArrival
from tasks.snapshots.query import query_arrival

QUERY = "select id, at, a, n, c, bad from payments where at >= :start and at < :end"
WINDOW = Window(parse_time("2026-03-02"), parse_time("2026-03-09"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = build(tmp_path_factory.mktemp("queries") / "place")
    source = {"kind": "sql", "query": QUERY, "url_variable": "WAREHOUSE_URL"}
    write_config(work, {**CONFIG, "arrivals": {"source": source}})
    git(work, "commit", "-qam", "query")
    git(work, "push", "-q")
    return work


@pytest.fixture
def work(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{tmp_path}/warehouse.db")
    return moved(template, tmp_path / "place")


def store(work: Path, table: pd.DataFrame) -> None:
    """Write the warehouse anew."""
    with sqlite3.connect(work.parent.parent / "warehouse.db") as database:
        table.to_sql("payments", database, if_exists="replace", index=False)
    database.close()


def test_a_query_is_asked_again_for_late_labels(work: Path) -> None:
    third = week_rows(2, labelled=False).assign(bad=None)
    store(work, pd.concat([week_rows(0), week_rows(1), third]))
    first = take(work, day="2026-03-23T02:00:00Z")
    assert (first.added, first.changed, first.tag) == (40, 0, "data/payments/2026-03-23")
    assert not take(work, day="2026-03-23T02:00:00Z").made
    store(work, pd.concat([week_rows(0), week_rows(1), week_rows(2), week_rows(3)]))
    second = take(work, day="2026-03-30T02:00:00Z")
    assert (second.added, second.changed, second.labelled) == (40, 40, 40)
    rows = rows_of(work)
    assert rows.bad.tolist()[80:120] == week_rows(2).bad.tolist()
    assert not take(work, day="2026-03-30T02:00:00Z").made


def test_the_window_ends_with_the_last_whole_day(work: Path) -> None:
    store(work, week_rows(2))
    day = pd.Timestamp("2026-03-18")
    found = take(work, day="2026-03-18T11:00:00Z")
    assert found.added == int((week_rows(2)["at"] < day).sum())


BROKEN: dict[str, tuple[dict[str, Any], str | None, type[DriftloopError], str]] = {
    "no url": ({}, "", ConfigError, "the database URL is not set; put it in WAREHOUSE_URL"),
    "no such dialect": ({}, "nosuch://x", ConfigError, "is not a database URL of SQLAlchemy"),
    "no url at all": ({}, "warehouse", ConfigError, "is not a database URL of SQLAlchemy"),
    "no such folder": ({}, "sqlite:////nowhere/w.db", UnavailableError, "is the database up"),
    "no such table": (
        {"query": QUERY.replace("payments", "orders")},
        None,
        UnavailableError,
        "no such table: orders",
    ),
    "mixed types": (
        {"query": QUERY.replace("a, n", "case when id like '%1' then 1 else 'x' end as a, n")},
        None,
        DataError,
        "column 'a' mixes int and str",
    ),
    "a column too few": ({"query": QUERY.replace("a, n,", "n,")}, None, DataError, "no column 'a'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_source_is_one_line_and_changes_nothing(
    work: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, url, error, said = BROKEN[name]
    store(work, week_rows(2))
    if url is not None:
        monkeypatch.setenv("WAREHOUSE_URL", url)
    source = {"kind": "sql", "query": QUERY, "url_variable": "WAREHOUSE_URL", **changes}
    write_config(work, {**CONFIG, "arrivals": {"source": source}})
    before = git(work, "rev-parse", "HEAD")
    with pytest.raises(error) as raised:
        take(work)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "w.db" not in str(raised.value)
    assert git(work, "rev-parse", "HEAD") == before


def test_since_before_until(work: Path) -> None:
    from flows.snapshot import make_snapshot
    from tasks.runtime.step import inline

    with inline(), pytest.raises(DataError, match="since 2026-04-01 is not before"):
        make_snapshot(job_of(work), None, parse_time("2026-04-01"))


def test_a_query_only_reads(work: Path) -> None:
    store(work, week_rows(0))
    source = SqlArrival(query=QUERY, url_variable="WAREHOUSE_URL")
    arrival = query_arrival(source, WINDOW)
    assert arrival.table.num_rows == 40
    assert arrival.name == "the query of WAREHOUSE_URL"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from t", "lacks :start and :end"),
        ("select * from t where at >= :start", "lacks :end"),
        ("delete from t where at >= :start and at < :end", "is not one SELECT"),
        (f"{QUERY}; drop table payments", "is not one SELECT"),
    ],
)
def test_a_query_without_a_window_or_that_writes_is_refused(query: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SqlArrival(query=query)
