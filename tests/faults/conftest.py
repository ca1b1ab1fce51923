"""The zygote, and small workspaces: with a first champion, and with a second one on probation."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import forks
from faults.forks import Zygote
from faults.ground import build
from peers.slack import SlackPeer
from shared_templates import build_once

from driftloop.base.tags import ModelTags


@pytest.fixture(scope="session")
def zygote_process() -> "Iterator[subprocess.Popen[str]]":
    with forks.zygote_process() as process:
        yield process


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
    def with_champion(folder: Path) -> None:
        build(folder)
        assert "first champion" in Zygote(zygote_process, {}).run("bootstrap", folder)["ok"]

    return build_once(tmp_path_factory, "first-champion", with_champion)


@pytest.fixture(scope="session")
def second_template(
    first_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    zygote_process: "subprocess.Popen[str]",
) -> Path:
    def retrained(folder: Path) -> None:
        move(first_template, folder)
        with SlackPeer(channels=("#ml-alerts",)) as peer:
            env = {"SLACK_BOT_TOKEN": peer.token, "SLACK_API_URL": peer.api_url}
            assert "ok" in Zygote(zygote_process, env).run("retrain", folder)

    return build_once(tmp_path_factory, "second-champion", retrained)


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
