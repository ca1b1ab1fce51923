"""What is in the way of a stack is told in one line, before anything is started."""

import os
import socket
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from driftloop.base.errors import StackError
from tasks.runtime.servers.local_server import free_port
from tasks.stack.backup.schemas import check_schemas, fit, installed, revision_of, upgrade_command
from tasks.stack.checks import check_ports, keep_password, make_folders
from tasks.stack.services import Plan, StackFolder, StackSettings, stack_settings
from tasks.stack.supervisor import LONGEST_SOCKET, make_socket_folder, socket_of


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    ports = {f"DRIFTLOOP_{name}_PORT": str(free_port()) for name in ("PREFECT", "MLFLOW", "SITE")}
    return Plan(stack_settings(ports), StackFolder(tmp_path), tmp_path, tmp_path)


def test_a_port_that_is_taken_is_named_with_its_holder(plan: Plan) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", plan.settings.site_port))
        taken.listen()
        with pytest.raises(StackError) as caught:
            check_ports(plan)
        check_ports(plan, frozenset({"site"}))
    assert str(caught.value) == (
        f"port {plan.settings.site_port} for site is taken by pid {os.getpid()} "
        f"({Path('/proc/self/comm').read_text().strip()}); stop that, or set DRIFTLOOP_SITE_PORT "
        "to a free port"
    )
    check_ports(plan)


def test_a_host_that_is_not_here_is_named(plan: Plan) -> None:
    elsewhere = replace(plan, settings=StackSettings(host="no-such-host.invalid"))
    with pytest.raises(StackError, match="DRIFTLOOP_HOST: 'no-such-host"):
        check_ports(elsewhere)


def test_a_state_folder_that_cannot_be_written_is_named(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "stack").write_text("in the way")
    with pytest.raises(StackError) as caught:
        make_folders(plan.folder)
    assert str(caught.value).startswith(f"{tmp_path / 'stack'}: cannot be written (")
    assert "DRIFTLOOP_STATE" in str(caught.value)


def test_nobody_else_may_enter_the_state(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path / ".driftloop")
    folder.state.mkdir(mode=0o755)  # an earlier version made it
    folder.state.chmod(0o755)
    make_folders(folder)
    for path in (folder.state, folder.root, folder.logs, folder.prefect_home):
        assert path.stat().st_mode & 0o777 == 0o700, path


def test_the_password_is_made_once_and_kept_private(plan: Plan) -> None:
    make_folders(plan.folder)
    first = keep_password(plan.folder)
    assert len(first) >= 32
    assert keep_password(plan.folder) == first
    assert plan.folder.password.stat().st_mode & 0o777 == 0o600
    plan.folder.password.chmod(0o640)
    with pytest.raises(StackError, match="others may read it; remove it"):
        keep_password(plan.folder)
    plan.folder.password.unlink()
    assert keep_password(plan.folder) != first


def test_a_long_folder_has_its_socket_in_a_private_short_one(tmp_path: Path) -> None:
    assert socket_of(StackFolder(Path("/srv/w"))) == Path("/srv/w/stack/supervisord.sock")
    folder = StackFolder(tmp_path / ("x" * LONGEST_SOCKET))
    assert not socket_of(folder).parent.exists(), "to look for a stack makes no folder"
    long = make_socket_folder(folder)
    assert long == socket_of(folder)
    assert len(str(long)) < LONGEST_SOCKET
    assert long.parent.stat().st_mode & 0o777 == 0o700
    long.parent.chmod(0o755)
    try:
        with pytest.raises(StackError, match="is not private to you"):
            socket_of(folder)
    finally:
        long.parent.rmdir()


def database(path: Path, revision: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    connection.close()


def test_the_newest_revision_is_the_one_that_mlflow_itself_asks_for() -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    assert installed("mlflow", "sqlite").newest == {_get_latest_schema_revision()}
    for kind in ("sqlite", "postgresql"):
        scripts = installed("prefect", kind)
        assert len(scripts.newest) == 1
        assert len(scripts.known) > 80


def test_an_old_mlflow_database_is_told_with_the_command(plan: Plan) -> None:
    database(Path(plan.mlflow_database.file), "0584bdc529eb")
    with pytest.raises(StackError) as caught:
        check_schemas(plan)
    assert str(caught.value).endswith(f"mlflow db upgrade sqlite:///{plan.mlflow_database.file}")
    assert "'driftloop backup FILE'" in str(caught.value)


def test_a_database_of_a_newer_library_is_refused(plan: Plan) -> None:
    database(Path(plan.mlflow_database.file), "ffffffffffff")
    with pytest.raises(StackError, match="made by a newer MLflow than the one"):
        check_schemas(plan)


def test_an_old_prefect_database_is_told_of(plan: Plan) -> None:
    make_folders(plan.folder)
    path = Path(plan.prefect_database.file)
    database(path, "79e7a60e43d8")
    (note,) = check_schemas(plan)
    assert "upgrades it when it starts" in note


def test_new_and_empty_databases_are_fine(plan: Plan) -> None:
    Path(plan.mlflow_database.file).touch()
    assert check_schemas(plan) == ()
    assert fit(plan.mlflow_database, "mlflow") == "new"


def test_a_file_that_is_no_database_is_told(plan: Plan) -> None:
    Path(plan.mlflow_database.file).write_text("no database at all, just some words" * 40)
    with pytest.raises(StackError, match="cannot be read"):
        revision_of(plan.mlflow_database)


def test_the_command_that_upgrades_can_be_pasted(plan: Plan) -> None:
    spaced = replace(plan, folder=StackFolder(Path("/srv/my work")))
    assert upgrade_command(spaced.mlflow_database) == (
        "mlflow db upgrade 'sqlite:////srv/my work/mlflow.db'"
    )
