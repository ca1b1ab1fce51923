"""A backup brings back champion, ledger, alerts and Prefect's database, or says why not."""

import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.base.errors import StackError
from driftloop.base.workspace import Workspace
from tasks.coordination.document_files import FileDocuments
from tasks.registry.ledger import read_ledger
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.moved import move_addresses
from tasks.stack.backup.create import back_up
from tasks.stack.backup.restore import restore
from tasks.stack.services import Plan, StackFolder, stack_settings

ALERTS = '{"incident": 3}'


def plan_of(workspace: Path, **environment: str) -> Plan:
    folder = StackFolder(workspace / ".driftloop")
    return Plan(stack_settings(environment), folder, workspace, workspace)


@pytest.fixture
def plan(championed: Path, championed_template: Path) -> Plan:
    """A champion, alerts in files, and a Prefect database with a note in it."""
    made = plan_of(championed)
    # A copied workspace still names the artifacts of the one that it was copied from.
    before = (championed_template / ".driftloop").as_uri()
    assert move_addresses(Path(made.mlflow_database.file), before, made.folder.state.as_uri()) > 3
    FileDocuments(made.folder.state / "documents").write("alerts_payments", 0, ALERTS)
    path = Path(made.prefect_database.file)
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('14806cb26270')")
    return made


def note_of(plan: Plan) -> str:
    with closing(sqlite3.connect(plan.prefect_database.file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def check_all_is_there(plan: Plan) -> None:
    registry = MlflowRegistry(Workspace(plan.workspace))
    champion = registry.champion("payments")
    assert champion is not None
    assert champion.version == "1"
    assert [one.kind for one in read_ledger(registry, "payments")] == ["began", "promoted"]
    place = registry.client.get_run(champion.run_id).info.artifact_uri
    assert place.startswith(plan.folder.state.as_uri())
    card = registry.file(champion.run_id, "model_card.md")
    assert card is not None
    assert b"payments" in card
    documents = FileDocuments(plan.folder.state / "documents")
    assert documents.read("alerts_payments") == (1, ALERTS)
    assert note_of(plan) == "14806cb26270"


def test_there_and_back(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    found = back_up(plan, file)
    assert found.parts == ("prefect", "mlflow", "artifacts", "documents")
    assert file.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(plan.folder.state)
    again = restore(plan, file, force=False)
    assert again.files == found.files
    check_all_is_there(plan)
    assert [path.name for path in plan.folder.root.iterdir() if "restoring" in path.name] == []


def test_artifacts_are_found_where_the_workspace_has_moved_to(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(plan, file)
    moved = tmp_path / "moved"
    shutil.copytree(plan.workspace, moved, ignore=shutil.ignore_patterns(".driftloop"))
    shutil.rmtree(plan.workspace)
    restore(plan_of(moved), file, force=False)
    check_all_is_there(plan_of(moved))


def test_it_is_consistent_while_somebody_writes(plan: Plan, tmp_path: Path) -> None:
    """A transaction that is open while the backup is made is not in it, and does not stop it."""
    with closing(sqlite3.connect(plan.prefect_database.file)) as writer:
        writer.execute("UPDATE alembic_version SET version_num = 'half'")
        back_up(plan, tmp_path / "backup.tar.gz")
        writer.rollback()
    restore(plan, tmp_path / "backup.tar.gz", force=True)
    assert note_of(plan) == "14806cb26270"


def test_state_is_not_overwritten_and_with_force_put_aside(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(plan, file)
    with pytest.raises(StackError, match=r"\(prefect, mlflow, artifacts, documents\); --force"):
        restore(plan, file, force=False)
    FileDocuments(plan.folder.state / "documents").write("alerts_payments", 1, "newer")
    assert "What was there is in" in restore(plan, file, force=True).sentence
    check_all_is_there(plan)
    (aside,) = plan.folder.state.glob("before-restore-*")
    assert FileDocuments(aside / "documents").read("alerts_payments") == (2, "newer")
    assert (aside / "mlflow.db").is_file()


def test_a_damaged_backup_changes_nothing(plan: Plan, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    back_up(plan, good)
    folder = tmp_path / "open"
    with tarfile.open(good) as archive:
        archive.extractall(folder, filter="data")
    with (folder / "mlflow").open("r+b") as database:
        database.seek(5000)
        database.write(b"flipped")
    with tarfile.open(bad, "w:gz") as archive:
        archive.add(folder, ".")
    with pytest.raises(StackError, match="mlflow is not what was backed up"):
        restore(plan, bad, force=True)
    good.write_bytes(good.read_bytes()[:-4000])
    with pytest.raises(StackError, match="not a backup that this driftloop can read"):
        restore(plan, good, force=True)
    check_all_is_there(plan)


def test_a_file_that_climbs_out_is_refused(plan: Plan, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    (tmp_path / "payload").write_text("x")
    with tarfile.open(evil, "w:gz") as archive:
        archive.add(tmp_path / "payload", "../../climbed")
    with pytest.raises(StackError, match="not a backup that this driftloop can read"):
        restore(plan, evil, force=True)
    assert list(tmp_path.rglob("climbed")) == []


def test_another_kind_of_database_is_refused(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(plan, file)
    shutil.rmtree(plan.folder.state)
    folder = tmp_path / "open"
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["databases"]["mlflow"] = "postgresql"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    other = tmp_path / "other.tar.gz"
    with tarfile.open(other, "w:gz") as archive:
        archive.add(folder, ".")
    with pytest.raises(StackError, match="DRIFTLOOP_MLFLOW_DATABASE_URL points to sqlite"):
        restore(plan, other, force=False)
    assert not Path(plan.mlflow_database.file).exists()


def test_what_is_there_already_is_not_written_over(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("mine")
    with pytest.raises(StackError, match="is there already"):
        back_up(plan, file)
    assert file.read_text() == "mine"


def test_nothing_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is nothing to back up"):
        back_up(plan_of(tmp_path), tmp_path / "backup.tar.gz")
    assert list(tmp_path.glob("*backup*")) == []


def test_a_backup_without_the_registry_is_an_error(plan: Plan, tmp_path: Path) -> None:
    Path(plan.mlflow_database.file).unlink()
    with pytest.raises(StackError, match=r"mlflow\.db: MLflow's .* not there.*needs the registry"):
        back_up(plan, tmp_path / "backup.tar.gz")
    assert list(tmp_path.glob("backup*")) == []
