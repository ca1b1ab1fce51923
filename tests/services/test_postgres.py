"""Prefect and MLflow on PostgreSQL: two addresses, and everything is there."""

import shutil
from pathlib import Path

import psycopg
import pytest
from stacks import stack_of

from tests.services.postgres import PASSWORD, Cluster

pytestmark = pytest.mark.timeout(900)


def test_the_stack_runs_on_postgres(payments: Path, postgres: Cluster) -> None:
    postgres.make("prefect", "mlflow")
    urls = {
        "DRIFTLOOP_PREFECT_DATABASE_URL": postgres.url("prefect"),
        "DRIFTLOOP_MLFLOW_DATABASE_URL": postgres.url("mlflow"),
    }
    with stack_of(payments, **urls) as stack:
        up = stack.json("up")
        assert up["state"] == "running", stack.logs()
        first = stack.begin("bootstrap/tool-bootstrap", model="payments", as_of="2026-03-09")
        assert stack.ended(first) == "Completed", stack.logs()
        run = stack.begin("monitor/monitor", model="payments", as_of="2026-03-16")
        assert stack.ended(run) == "Completed", stack.logs()
        (model,) = stack.speak("status")["models"]
        assert (model["champion"], model["verdict"]) == ("1", "ok")
        check_nobody_sees_the_password(stack.folder.root, stack.pids(), stack.folder.services)
        again = stack.run("up")
        assert "already up" in again.stderr, again.stderr
        old_mlflow(postgres)
        assert stack.run("down").returncode == 0
        assert stack.left() == []
        refused = stack.run("up")
        (line,) = [line for line in refused.stderr.splitlines() if line.startswith("error:")]
        assert "is of an older MLflow; back it up" in line
        command = (
            'mlflow db upgrade "${DRIFTLOOP_MLFLOW_DATABASE_URL/#postgresql:/postgresql+psycopg:}"'
        )
        assert command in line
        assert PASSWORD not in line
        assert stack.left() == []
    prefect, mlflow = postgres.tables("prefect"), postgres.tables("mlflow")
    assert prefect["flow_run"] >= 2
    assert prefect["deployment"] >= 12
    assert mlflow["model_versions"] == 1
    assert mlflow["runs"] >= 2
    assert list(payments.rglob("mlflow.db")) == [payments / ".driftloop" / "mlflow.db"]
    assert list(payments.rglob("prefect.db")) == []


def test_a_backup_of_postgres_brings_it_back(
    payments: Path, postgres: Cluster, tmp_path: Path
) -> None:
    postgres.make("before", "after", "other")
    urls = {
        "DRIFTLOOP_PREFECT_DATABASE_URL": postgres.url("other"),
        "DRIFTLOOP_MLFLOW_DATABASE_URL": postgres.url("before"),
    }
    with psycopg.connect(postgres.url("before")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0584bdc529eb')")
    file = tmp_path / "backup.tar.gz"
    with stack_of(payments, **urls) as stack:
        made = stack.json("backup", str(file))
        assert made["parts"][:2] == ["prefect", "mlflow"]
        refused = stack.run("restore", str(file))
        assert "there is state already (mlflow" in refused.stderr
        with psycopg.connect(postgres.url("before")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'changed'")
        assert stack.run("restore", str(file), "--force").returncode == 0
        fresh = {"DRIFTLOOP_PREFECT_DATABASE_URL": postgres.url("after")}
        shutil.rmtree(payments / ".driftloop")
        moved = {"DRIFTLOOP_MLFLOW_DATABASE_URL": postgres.url("postgres"), **fresh}
        assert stack.run("restore", str(file), **moved).returncode == 0
    for database in ("before", "postgres"):
        with psycopg.connect(postgres.url(database)) as connection:
            (row,) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        assert row == ("0584bdc529eb",)
    assert PASSWORD.encode() not in file.read_bytes()


def check_nobody_sees_the_password(root: Path, pids: dict[str, int], allowed: Path) -> None:
    from urllib.parse import quote

    seen = [PASSWORD.encode(), quote(PASSWORD, safe="").encode()]
    for path in root.rglob("*"):
        if path.is_file() and path != allowed:
            assert not any(one in path.read_bytes() for one in seen), path
    for pid in pids.values():
        assert not any(one in Path(f"/proc/{pid}/cmdline").read_bytes() for one in seen)
    for name in ("worker", "keeper", "site"):
        environment = Path(f"/proc/{pids[name]}/environ").read_bytes()
        assert not any(one in environment for one in seen), name


def old_mlflow(postgres: Cluster) -> None:
    """Let the database look like one of an MLflow before the installed one."""
    with psycopg.connect(postgres.url("mlflow")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")


def test_a_server_that_is_not_there_is_told_without_the_password(
    payments: Path, postgres: Cluster
) -> None:
    url = postgres.url("nowhere")
    with stack_of(payments, DRIFTLOOP_PREFECT_DATABASE_URL=url) as stack:
        done = stack.run("up")
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        assert line.startswith("error: DRIFTLOOP_PREFECT_DATABASE_URL: postgresql://[redacted]@")
        assert "nowhere" in line
        assert PASSWORD not in done.stderr
        assert stack.left() == []
