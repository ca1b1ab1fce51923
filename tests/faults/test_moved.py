"""Workspaces in places that an address cannot hold as they are, and ones that were moved."""

import shutil
from pathlib import Path

import pytest
from faults.forks import Zygote
from faults.state import ledger_faults
from peers.slack import SlackPeer

from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry
from tasks.stack.services import Plan, StackFolder, stack_settings


@pytest.mark.parametrize("name", ["what?", "100%", "a%20b?c#d e"])
def test_the_registry_lies_in_the_workspace(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name / "here"
    folder.mkdir(parents=True)
    registry = MlflowRegistry(Workspace(folder))
    registry.client.create_registered_model("payments")
    assert (folder / ".driftloop" / "mlflow.db").stat().st_size > 0
    plan = Plan(stack_settings({}), StackFolder(folder / ".driftloop"), folder, folder)
    assert plan.mlflow_database.file == str(folder / ".driftloop" / "mlflow.db")
    assert plan.mlflow_database.for_mlflow == Workspace(folder).tracking_uri
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(folder) for path in found), found


def test_a_moved_workspace_goes_on(
    first: Path, zygote: Zygote, slack: SlackPeer, tmp_path: Path
) -> None:
    """Nothing is left where it was; models, lineage and data are found where it is now."""
    there = Path(shutil.move(first, tmp_path / "what? 100%"))
    moved = zygote.run("retrain", there)
    assert "version 2 is champion" in moved.get("ok", ""), moved
    watched = zygote.run("monitor", there)
    assert "ok" in watched, watched
    assert ledger_faults(there) == ()
    assert not first.exists()
    registry = MlflowRegistry(Workspace(there))
    tags = registry.tags("payments", "1")
    assert tags.repository == str(there.resolve())


def test_a_workspace_that_stays_is_left_alone(first: Path) -> None:
    before = (first / ".driftloop" / "mlflow.db").read_bytes()
    MlflowRegistry(Workspace(first))
    assert (first / ".driftloop" / "mlflow.db").read_bytes() == before


def test_a_copy_names_its_origin_as_long_as_that_is_there(first: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(first, tmp_path / "copy", symlinks=True))

    def artifacts() -> str:
        registry = MlflowRegistry(Workspace(copy))
        champion = registry.champion("payments")
        assert champion is not None
        return str(registry.client.get_run(champion.run_id).info.artifact_uri)

    assert artifacts().startswith(first.as_uri())
    shutil.rmtree(first)
    assert artifacts().startswith(copy.as_uri())
