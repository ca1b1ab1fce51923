"""Real parts for tests: a Prefect server, DVC repositories, MLflow stores, a Slack peer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLACK_TOKEN = "xoxb-test"

_SECRETS = ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "PREFECT_API_URL", "MLFLOW_TRACKING_URI")
for _name in _SECRETS:
    os.environ.pop(_name, None)


@pytest.fixture(scope="session", autouse=True)
def quiet_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Libraries write into a folder of the session, and Prefect's log stays off the terminal."""
    from driftloop.environment import prepare_environment

    home = tmp_path_factory.mktemp("home")
    os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    prepare_environment(home)
    return home


@pytest.fixture(scope="session")
def prefect_server(quiet_home: Path) -> Iterator[str]:
    """The one Prefect server of the session; its API address, also set for this process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from tasks.local_server import start_server

    server = start_server(quiet_home / "prefect-server")
    try:
        server.wait()
        os.environ["PREFECT_API_URL"] = server.api_url
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield server.api_url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.stop()


@pytest.fixture(scope="session")
def payments_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a quarter of the demo's rows in Git and DVC, and an empty registry."""
    from workshop import build_payments

    return build_payments(tmp_path_factory.mktemp("template") / "payments")


@pytest.fixture
def payments(payments_template: Path, tmp_path: Path) -> Path:
    """A workspace of one's own, without a champion."""
    return Path(shutil.copytree(payments_template, tmp_path / "payments", symlinks=True))


@pytest.fixture(scope="session")
def championed_template(payments_template: Path, prefect_server: str) -> Path:
    """The template after its first champion was trained on weeks 0 to 7."""
    from workshop import train_first

    folder = payments_template.parent / "championed"
    shutil.copytree(payments_template, folder, symlinks=True)
    train_first(folder)
    return folder


@pytest.fixture
def championed(championed_template: Path, tmp_path: Path) -> Path:
    """A workspace of one's own whose champion was trained on weeks 0 to 7."""
    return Path(shutil.copytree(championed_template, tmp_path / "championed", symlinks=True))


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator["object"]:
    """A loopback Slack that alerts are sent to."""
    from peers.slack import SlackPeer

    with SlackPeer(token=SLACK_TOKEN, channels=("#ml-alerts",)) as peer:
        monkeypatch.setenv("SLACK_BOT_TOKEN", SLACK_TOKEN)
        monkeypatch.setenv("SLACK_API_URL", peer.api_url)
        yield peer


def run_cli(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=ROOT,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(name="run_cli")
def run_cli_fixture() -> object:
    """The command line as a function."""
    return run_cli
