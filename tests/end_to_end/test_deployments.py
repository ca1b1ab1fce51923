"""The deployments of prefect.yaml, registered and run by a real worker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from peers.slack import SlackPeer
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.flow_runs import resume_flow_run
from prefect.flows import load_flow_from_entrypoint
from workshop import look, monday, small_config, write_config

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


def test_a_proposal_suspends_its_approval_run_until_a_person_answers(
    prefect_server: str,
    championed: Path,
    slack: SlackPeer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run waits without a process, and goes on from the form: on whichever worker is there."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(ROOT))
    prefect("work-pool", "create", "driftloop", "--type", "process", "--overwrite")
    prefect("--no-prompt", "deploy", "--name", "approve/approve")
    config = small_config()
    config["promotion"] = {"mode": {"kind": "approval", "deadline": "90 years"}}
    write_config(championed, config)
    look(championed, 20)
    registry = open_registry(Workspace(championed))
    with worker(tmp_path / "worker.log"):
        run = approval_run("SUSPENDED", tmp_path / "worker.log")
        assert registry.champion("payments").version == "1"  # type: ignore[union-attr]
        answer = {"decision": "promote the challenger", "by": "Ada", "comment": "Seen."}
        resume_flow_run(run.id, run_input=answer)
        approval_run("COMPLETED", tmp_path / "worker.log")
    assert registry.champion("payments").version == "2"  # type: ignore[union-attr]
    assert "is live" in slack.posts[-1].text


def approval_run(state: str, log: Path, seconds: float = 90) -> FlowRun:
    """Wait until the approval run is in a state and return it."""
    wanted = FlowRunFilter.model_validate({"name": {"like_": "approve"}})
    end = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while time.monotonic() < end:
            for run in client.read_flow_runs(flow_run_filter=wanted):
                if run.deployment_id and (run.state_name or "").upper() == state:
                    return run
            time.sleep(0.5)
    raise AssertionError(f"no approval run is {state}: {log.read_text()[-3000:]}")
