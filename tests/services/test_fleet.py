"""A fleet of thirty models on PostgreSQL: one is broken, one hangs, the first try is cut off."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from workshop import ROOT, small_config, train_first, write_config

from benchmarks.runners.fleet_champions import register_again
from benchmarks.starts import mlflow_server
from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry
from tasks.stack.database_url import Database
from tests.services.postgres import Cluster

RunCli = Callable[..., subprocess.CompletedProcess[str]]
BROKEN, HANGING = "a-broken", "a-hanging"  # the first that are begun
HEALTHY = [f"payments-{number:02d}" for number in range(28)]
SECONDS, OPTIONS = 120, ("--as-of", "2026-03-16", "--processes", "3", "--minutes", "2")


@pytest.fixture
def registry(
    payments: Path,
    postgres: Cluster,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MlflowRegistry]:
    """The registry of 28 models with one champion, at two servers on PostgreSQL."""
    postgres.make("fleet-prefect", "fleet-mlflow")
    prefect = Database(postgres.url("fleet-prefect"), "").for_prefect
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", prefect)
    request.getfixturevalue("own_server")
    mlflow = Database(postgres.url("fleet-mlflow"), "").for_mlflow
    with mlflow_server(payments / ".driftloop" / "mlflow", mlflow) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        train_first(payments)
        registry = MlflowRegistry(Workspace(payments))
        for name in HEALTHY:
            write_config(payments, {**small_config(), "model": name}, name)
            register_again(registry, "payments", name)
        (payments / "configs" / "payments.yaml").unlink()
        yield registry


@pytest.fixture
def silent(payments: Path) -> Iterator[None]:
    """A model whose data are at a remote that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/data.git"
        data = {"path": "data/payments", "repository": address}
        write_config(payments, {**small_config(data=data), "model": HANGING}, HANGING)
        yield


def finished(registry: MlflowRegistry, name: str) -> int:
    """How many monitoring runs of a model have finished."""
    return len(registry.finished(name, "monitor", 5))


def cut_off(registry: MlflowRegistry, command: list[str]) -> None:
    """Start a fleet, and kill all of it once its first healthy model is done."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 300
        while not finished(registry, HEALTHY[0]):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def monitored_in_prefect(name: str) -> list[Any]:
    """The states of a model's flow runs, the first begun first."""
    by = FlowRunFilter.model_validate({"tags": {"all_": [name]}})
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=by)
    return [run.state for run in sorted(runs, key=lambda run: run.created)]


@pytest.mark.usefixtures("silent")
def test_thirty_models_with_a_broken_a_hanging_one_and_a_cut_off(
    registry: MlflowRegistry, payments: Path, postgres: Cluster, run_cli: RunCli
) -> None:
    (payments / "configs" / f"{BROKEN}.yaml").write_text(f"model: {BROKEN}\ncolour: green\n")
    fleet = ("fleet", "-w", str(payments), *OPTIONS)
    cut_off(registry, [sys.executable, "-m", "flows.cli", *fleet])

    done = run_cli(*fleet, "--json")

    found = {model["model"]: model for model in json.loads(done.stdout)["models"]}
    assert done.returncode == 2
    assert f"2 of 30 models could not be monitored: {BROKEN}, {HANGING}" in done.stderr
    assert "colour: unknown key" in found[BROKEN]["error"]
    assert found[HANGING]["error"] == f"took longer than {SECONDS} s and was ended"
    assert monitored_in_prefect(HANGING)[-1].is_crashed()
    results = [found[name]["result"] for name in HEALTHY]
    before = results.count("done before")
    assert before >= 1
    assert results.count("monitored") == len(HEALTHY) - before
    assert {found[name]["headline"] for name in HEALTHY if found[name]["headline"]} == {"healthy"}
    assert {finished(registry, name) for name in HEALTHY} == {1}, "nothing is done twice"
    last = [monitored_in_prefect(name)[-1].name for name in HEALTHY]
    assert last.count("Completed") >= len(HEALTHY) - before
    assert postgres.tables("fleet-mlflow")["registered_models"] == len(HEALTHY) + 1
    assert postgres.tables("fleet-prefect")["flow_run"] >= len(HEALTHY)
