"""A snapshot of a query of a real PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from snapshot_ground import CONFIG, build, rows_of, take, week_rows
from workshop import write_config

from driftloop.base.errors import DataError, UnavailableError

QUERY = """
select p.id, p.at, p.a, p.n, p.c, l.bad
from payments p left join labels l on l.id = p.id
where p.at >= :start and p.at < :end
"""


def as_postgres(*words: str) -> None:
    """Run as the user that PostgreSQL may run as: it refuses root."""
    lead = ("runuser", "-u", "postgres", "--") if os.getuid() == 0 else ()
    subprocess.run([*lead, *words], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of a server of one's own, on a socket in a folder that is thrown away."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    place = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.getuid() == 0:
        shutil.chown(place, "postgres")
    data, log = place / "data", place / "log"
    as_postgres(f"{programs}/initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-k {place} -c listen_addresses= -c fsync=off -c timezone=America/New_York"
    control = (f"{programs}/pg_ctl", "-D", str(data), "-w")
    as_postgres(*control, "-l", str(log), "-o", options, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={place}"
    finally:
        as_postgres(*control, "-m", "immediate", "stop")
        shutil.rmtree(place)


def run(database: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp"])
def test_rows_and_late_labels_of_a_query(
    database: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever zone the server has: a column without one holds UTC."""
    monkeypatch.setenv("WAREHOUSE_URL", database)
    work = build(tmp_path / "place")
    source = {"kind": "sql", "query": QUERY, "url_variable": "WAREHOUSE_URL"}
    write_config(work, {**CONFIG, "arrivals": {"source": source, "push": False}})
    rows, cast = week_rows(2), "+00" if kind == "timestamptz" else ""
    values = [
        f"('{row.id}', '{row.at}{cast}', {row.a}, {row.n}, '{row.c}')" for row in rows.itertuples()
    ]
    run(
        database,
        "drop table if exists payments, labels",
        f"create table payments (id text, at {kind}, a numeric(9,3), n int, c text)",
        "create table labels (id text, bad int)",
        f"insert into payments values {', '.join(values)}",
    )
    edge = datetime(2026, 3, 18, tzinfo=UTC)
    found = take(work, day=edge.isoformat())
    before = rows["at"] < pd.Timestamp(edge).tz_localize(None)
    assert found.added == int(before.sum())
    labels = ", ".join(f"('{row.id}', {row.bad})" for row in rows.itertuples())
    run(database, f"insert into labels values {labels}")
    found = take(work, day="2026-03-30")
    assert (found.added, found.labelled) == (int((~before).sum()), int(before.sum()))
    third = rows_of(work).iloc[80:].reset_index(drop=True)
    assert third["at"].tolist() == rows["at"].tolist()
    assert third.bad.astype(int).tolist() == rows.bad.tolist()
    assert third.a.round(3).tolist() == rows.a.tolist()


def test_a_query_cannot_write_and_a_wrong_one_is_one_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from driftloop.base.periods import Window, parse_time
    from driftloop.config.arrivals import SqlArrival
    from tasks.snapshots.query import query_arrival

    window = Window(parse_time("2026-03-02"), parse_time("2026-03-09"))
    monkeypatch.setenv("WAREHOUSE_URL", database)
    run(
        database,
        "create table if not exists kept (id int)",
        "create or replace function spoil() returns int language sql "
        "as 'insert into kept values (1) returning id'",
    )
    writes = "select spoil(), :start, :end"
    with pytest.raises(DataError, match="read-only transaction"):
        query_arrival(SqlArrival(query=writes, url_variable="WAREHOUSE_URL"), window)
    wrong = "select nothing from kept where :start < :end"
    with pytest.raises(DataError, match=r"correct arrivals\.source\.query") as raised:
        query_arrival(SqlArrival(query=wrong, url_variable="WAREHOUSE_URL"), window)
    assert "\n" not in str(raised.value)
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    with pytest.raises(UnavailableError) as away:
        query_arrival(SqlArrival(query=wrong, url_variable="WAREHOUSE_URL"), window)
    assert "geheim" not in str(away.value)
