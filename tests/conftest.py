"""Real parts for tests: a Prefect server, DVC repositories, MLflow stores, a Slack peer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftloop.base.environment import prepare_environment

ROOT = Path(__file__).parents[1]
SLACK_TOKEN = "xoxb-test"

# Each process of a parallel run has a home of its own.
HOME = ROOT / ".cache" / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "main")

_SECRETS = (
    *("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "PREFECT_API_URL", "MLFLOW_TRACKING_URI"),
    *("DRIFTLOOP_PUSHGATEWAY_URL", "DRIFTLOOP_METRICS_FOLDER"),
    *("PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
)
for _name in _SECRETS:
    os.environ.pop(_name, None)
# Before any test module imports Prefect, which else makes a folder in the person's home.
shutil.rmtree(HOME, ignore_errors=True)
HOME.mkdir(parents=True)
os.environ["PREFECT_HOME"] = str(HOME / "prefect")
os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"
prepare_environment(HOME)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """The one Prefect server of the session; its API address, also set for this process."""
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    from tasks.onboarding.local_server import start_server

    server = start_server(HOME / "prefect-server")
    try:
        server.wait()
        os.environ["PREFECT_API_URL"] = server.api_url
        # Ending the heartbeat of a flow costs up to a second each time.
        quick = {PREFECT_API_URL: server.api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        with temporary_settings(quick):
            yield server.api_url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.stop()


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Prefect server is known, whether or not an earlier test of the session started one."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


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
        [sys.executable, "-m", "flows.cli", *arguments],
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
