"""A workspace that an older version left behind goes on with the code of today."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from peers.slack import SlackPeer

from tasks.registry.moved import move_addresses
from tasks.stack.backup.manifest import MANIFEST

Cli = Callable[..., CompletedProcess[str]]
ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures" / "workspaces").glob("*.tar.xz"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def command(
    request: pytest.FixtureRequest, tmp_path: Path, no_server: None, run_cli: Cli
) -> Callable[..., dict[str, Any]]:
    """Run a command in the workspace, at another place than it was made, and return its result."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")

    def run(*arguments: str) -> dict[str, Any]:
        done = run_cli(*arguments, "-w", str(tmp_path / "shop"), "--json")
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    run("restore", str(tmp_path / "state.tar.gz"))
    _move_repository(tmp_path)
    return run


def _move_repository(folder: Path) -> None:
    """Let stored versions point to where their data are now, as one does who moves a workspace.

    A backup is put back beside the same repository, so `restore` moves its own addresses only.
    """
    with tarfile.open(folder / "state.tar.gz") as backup:
        manifest = backup.extractfile(MANIFEST)
        assert manifest is not None
        before = Path(json.load(manifest)["state"]).parent
    database = folder / "shop" / ".driftloop" / "mlflow.db"
    assert move_addresses(database, str(before), str(folder / "shop")) > 0


def test_an_older_workspace_goes_on(
    command: Callable[..., dict[str, Any]], slack: SlackPeer, tmp_path: Path
) -> None:
    """What waits is sent, the incident goes on, and each command finds what was stored."""
    (model,) = command("status")["models"]
    assert (model["champion"], model["verdict"]) == ("3", "drift")
    assert model["incident_since"] is not None
    waiting = model["waiting"]
    assert waiting > 0
    ledger = command("ledger", "shop")
    assert ledger["faults"] == []
    assert [entry["version"] for entry in ledger["entries"] if entry["kind"] == "promoted"] == [
        *("1", "2", "3"),
    ]

    assert len(command("deliver")["sent"]) == waiting
    promoted, incident = slack.story()
    assert "fixed by version 2" in promoted.text or "version 2 is live" in promoted.text
    assert incident.text.startswith("shop: inputs drifted")
    assert "'a' rose from -0.058 to 0.558 (median)" in str(incident.blocks)
    monitored = command("monitor", "shop", "--as-of", "2026-05-25")
    assert (monitored["verdict"], monitored["champion"]) == ("drift", {"version": "3"})
    assert len(slack.story()) == 2, "the incident is the one that was open"

    report = command("report", "shop", "--as-of", "2026-05-18", "--output", str(tmp_path / "old"))
    assert report["outcome"] == "drift"
    assert "Inputs drifted." in (tmp_path / "old").read_text()
    history = command("history", "shop")
    assert [run["outcome"] for run in history["runs"]] == ["ok", "drift", "drift", "drift"]

    retrained = command("retrain", "shop", "--as-of", "2026-06-08")
    assert retrained["challenger"] == "4", retrained["sentence"]
    assert command("rollback", "shop", "--to", "1")["champion"] == {"version": "1"}
    assert command("ack", "shop", "--by", "Ada")["by"] == "Ada"
    assert command("ledger", "shop")["faults"] == []
    assert command("metrics", "shop")["samples"]
