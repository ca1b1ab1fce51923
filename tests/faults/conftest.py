"""The zygote, and small workspaces: with a first champion, and with a second one on probation."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faults.ground import build
from peers.slack import SlackPeer

from driftloop.base.tags import ModelTags

ROOT = Path(__file__).parents[2]


@dataclass
class Zygote:
    """A process that forks one for each case."""

    process: "subprocess.Popen[str]"
    env: dict[str, str]

    def race(self, *cases: dict[str, Any]) -> list[dict[str, Any]]:
        """Start all at once and return how each ended and what it said."""
        pipe, answers = self.process.stdin, self.process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps([{**case, "env": self.env} for case in cases]) + "\n")
        pipe.flush()
        found: list[dict[str, Any]] = json.loads(answers.readline())
        return found

    def run(self, work: str, folder: Path, fault: Any = None, **given: Any) -> dict[str, Any]:
        """Run one and return how it ended and what it said."""
        case = {"work": work, "folder": str(folder), "fault": fault, "given": given}
        return self.race(case)[0]


@pytest.fixture(scope="session")
def zygote_process() -> "Iterator[subprocess.Popen[str]]":
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "faults.zygote"],
        cwd=ROOT,
        env={**env, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def zygote(zygote_process: "subprocess.Popen[str]", slack: SlackPeer) -> Zygote:
    """The zygote, whose children post to the loopback Slack of this test."""
    assert zygote_process.poll() is None
    named = {"SLACK_BOT_TOKEN": slack.token, "SLACK_API_URL": slack.api_url}
    return Zygote(zygote_process, named)


@pytest.fixture(scope="session")
def first_template(
    tmp_path_factory: pytest.TempPathFactory, zygote_process: "subprocess.Popen[str]"
) -> Path:
    folder = build(tmp_path_factory.mktemp("faults") / "first")
    assert "first champion" in Zygote(zygote_process, {}).run("bootstrap", folder)["ok"]
    return folder


@pytest.fixture(scope="session")
def second_template(first_template: Path, zygote_process: "subprocess.Popen[str]") -> Path:
    folder = move(first_template, first_template.parent / "second")
    with SlackPeer(channels=("#ml-alerts",)) as peer:
        env = {"SLACK_BOT_TOKEN": peer.token, "SLACK_API_URL": peer.api_url}
        assert "ok" in Zygote(zygote_process, env).run("retrain", folder)
    return folder


@pytest.fixture
def first(first_template: Path, tmp_path: Path) -> Path:
    """A workspace of one's own whose champion has been wrong since `TURN`."""
    return move(first_template, tmp_path / "first")


@pytest.fixture
def second(second_template: Path, tmp_path: Path) -> Path:
    """A workspace of one's own whose second champion is on probation, and wrong since `BACK`."""
    return move(second_template, tmp_path / "second")


def move(template: Path, folder: Path) -> Path:
    """Copy a workspace; MLflow notes where artifacts are, so the notes are moved with them.

    The copy is another registry, so it is not bound to the place of the template's locks.
    """
    import sqlite3

    shutil.copytree(template, folder, symlinks=True)
    with sqlite3.connect(folder / ".driftloop" / "mlflow.db") as store:
        store.execute(
            "delete from registered_model_tags where key = ?", (ModelTags.tag_name("place"),)
        )
        for table, column in PLACES:
            store.execute(
                f"update {table} set {column} = replace({column}, ?, ?)",
                (str(template), str(folder)),
            )
    store.close()
    return folder


PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("model_version_tags", "value"),
)
