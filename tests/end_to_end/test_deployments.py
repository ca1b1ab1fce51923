"""The deployments of prefect.yaml, registered and run by a real worker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint
from workshop import monday

from driftloop.workspace import Workspace
from tasks.registry import open_registry

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["name"])
def test_entrypoints_load_as_prefect_loads_them(deployment: dict[str, Any]) -> None:
    """In a process of its own: Prefect puts flows/ first on the path, and can hide failures."""
    script = (
        "from prefect.flows import load_flow_from_entrypoint as load\n"
        f"flow = load({deployment['entrypoint']!r}, use_placeholder_flow=False)\n"
        "print(flow.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == deployment["entrypoint"].rpartition(":")[2], done.stderr[-800:]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["name"])
def test_deployments_name_real_parameters(deployment: dict[str, Any]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        str(ROOT / deployment["entrypoint"]), use_placeholder_flow=False
    )
    assert deployment["description"]
    assert set(deployment.get("parameters", {})) <= set(flow.parameters.properties)


def prefect(*arguments: str) -> str:
    """Run the prefect command line and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def worker(log: Path) -> Iterator[None]:
    """A process worker on the project's pool, gone at the end."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "driftloop"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_all_are_deployed_and_a_worker_completes_a_run(
    prefect_server: str, championed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLOOP_HOME", str(ROOT))
    prefect("work-pool", "create", "driftloop", "--type", "process", "--overwrite")
    prefect("--no-prompt", "deploy", "--all")
    found = json.loads(prefect("deployment", "inspect", "monitor/monitor-payments", "-o", "json"))
    assert found["schedules"][0]["schedule"]["cron"] == "0 6 * * 1"
    assert str(ROOT) not in json.dumps(found["pull_steps"]), "the deployer's path is not recorded"
    parameters = {
        "model": "payments",
        "as_of": (monday(10) + timedelta(hours=6)).isoformat(),
        "workspace": str(championed),
    }
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    monkeypatch.setitem(os.environ, "PREFECT_LOGGING_LEVEL", "INFO")
    with worker(tmp_path / "worker.log"):
        said = prefect("deployment", "run", "monitor/monitor", *given, "--watch")
    assert "finished successfully" in said, (tmp_path / "worker.log").read_text()[-2000:]
    (run,) = open_registry(Workspace(championed)).finished("payments", "monitor")
    assert run.tags["driftloop.verdict"] == "ok"
    assert run.tags["mlflow.runName"] == "monitor payments 2026-03-16 06:00"
