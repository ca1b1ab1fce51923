"""Real parts for tests: a Prefect server, DVC repositories, MLflow stores, a Slack peer."""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import hypothesis
import pytest
from shared_templates import build_once

from driftloop.base.environment import prepare_environment
from tasks.runtime.servers.local_server import start_server

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
# A shell gives its background jobs an ignored SIGINT, and by it Prefect's own worker would outlive
# the SIGTERM of the test that started it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Before any test module imports Prefect, which else makes a folder in the person's home.
shutil.rmtree(HOME, ignore_errors=True)
HOME.mkdir(parents=True)
os.environ["PREFECT_HOME"] = str(HOME / "prefect")
os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"
# Compiled functions and the list of fonts take seconds to make, and are the same in every run.
os.environ["NUMBA_CACHE_DIR"] = str(ROOT / ".cache" / "numba")
os.environ["MPLCONFIGDIR"] = str(ROOT / ".cache" / "matplotlib")
prepare_environment(HOME)

# How long an example takes says how busy the machine is, and nothing about the code. The examples
# are the same in every run, so that a change is judged by what it changed; new ones are looked for
# with --hypothesis-profile=search, and "few" is for other versions of the libraries.
_PATIENT = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("search", _PATIENT)
hypothesis.settings.register_profile("same", _PATIENT, derandomize=True)
hypothesis.settings.register_profile("few", _PATIENT, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("same")

SLOW = (
    "driftloop/comparison/test_comparison_rates.py",
    "end_to_end/test_approval.py",
    "end_to_end/test_backtest.py",
    "end_to_end/test_changed_features.py",
    "end_to_end/test_corrected_labels.py",
    "end_to_end/test_cut_off.py",
    "end_to_end/test_deployments.py",
    "end_to_end/test_evidence.py",
    "end_to_end/test_first_champions.py",
    "end_to_end/test_fleet.py",
    "end_to_end/test_incidents.py",
    "end_to_end/test_metrics.py",
    "end_to_end/test_older_workspace.py",
    "end_to_end/test_new_class.py",
    "end_to_end/test_outage.py",
    "end_to_end/test_partly_broken.py",
    "end_to_end/test_snapshot_cli.py",
    "end_to_end/test_stack.py",
    "end_to_end/test_timezones.py",
    "end_to_end/test_year.py",
    "faults/",
    "tasks/coordination/test_slot.py",
    "tasks/stack/test_on_a_server.py",
)
"""Files and folders that `make test` leaves to `make test-all`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in `SLOW`; single tests of other files are marked where they stand."""
    here = Path(__file__).parent
    assert all((here / name).exists() for name in SLOW)
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Take back what a command that ran in this process set, so that no test depends on another.

    A fixture of the session that a test asks for by `getfixturevalue` would be taken back too.
    """
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """The one Prefect server of this process; its API address, also set for the process.

    Processes of a parallel run do not share one: their models have the same name, so that they
    would wait for each other's slots.
    """
    server = start_server(HOME / "prefect-server")
    try:
        server.wait()
        with _talking_to(server.api_url):
            yield server.api_url
    finally:
        server.stop()


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for tests of what is true of a whole server, which no other module uses."""
    server = start_server(tmp_path_factory.mktemp("prefect"))
    try:
        server.wait()
        with _talking_to(server.api_url):
            yield server.api_url
    finally:
        server.stop()


@contextmanager
def _talking_to(api_url: str) -> Iterator[None]:
    """Let Prefect in this process, and in those it starts, use a server."""
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    # Ending the heartbeat of a flow costs up to a second each time.
    quick = {PREFECT_API_URL: api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    _end_services()
    with mock.patch.dict(os.environ, PREFECT_API_URL=api_url), temporary_settings(quick):
        yield
        _end_services()


def _end_services() -> None:
    """End Prefect's background services: each stays with the server that it first talked to."""
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all(timeout=30)


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Prefect server is known, whether or not an earlier test of the session started one."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with an empty registry: MLflow takes seconds to make one, a copy none."""
    from workshop import make_registry

    return build_once(tmp_path_factory, "registry", make_registry) / ".driftloop"


@pytest.fixture(scope="session")
def payments_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a quarter of the demo's rows in Git and DVC, and an empty registry."""
    from workshop import build_payments

    return build_once(tmp_path_factory, "payments", build_payments)


@pytest.fixture
def payments(payments_template: Path, tmp_path: Path) -> Path:
    """A workspace of one's own, without a champion."""
    return Path(shutil.copytree(payments_template, tmp_path / "payments", symlinks=True))


@pytest.fixture(scope="session")
def championed_template(
    payments_template: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The template after its first champion was trained on weeks 0 to 7."""
    from workshop import train_first

    from driftloop.base.tags import ModelTags
    from driftloop.base.workspace import Workspace
    from tasks.registry.mlflow import MlflowRegistry

    def build(folder: Path) -> None:
        shutil.copytree(payments_template, folder, symlinks=True)
        train_first(folder)
        # Another process of a parallel run has a server of its own, and copies the template too.
        client = MlflowRegistry(Workspace(folder)).client
        client.delete_registered_model_tag("payments", ModelTags.tag_name("place"))

    return build_once(tmp_path_factory, "championed", build)


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


def start_cli(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, which takes seconds to start."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def run_cli(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, as `start_cli` does but for the start."""
    from flows.cli.app import app

    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, extra),
        mock.patch.object(sys, "__stdout__", output),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            app(arguments, prog_name="driftloop")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


@pytest.fixture(name="run_cli")
def run_cli_fixture() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a function."""
    return run_cli


@pytest.fixture(name="start_cli")
def start_cli_fixture() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a function that starts a process."""
    return start_cli
