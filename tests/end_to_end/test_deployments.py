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
from conftest import start_cli
from peers.slack import SlackPeer
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.flow_runs import resume_flow_run
from workshop import look, monday, small_config, write_config

from driftloop.base.workspace import Workspace
from tasks.registry.opening import open_registry

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def prefect(*arguments: str) -> str:
    """Run the prefect command line and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
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


def deploy(workspace: Path, *options: str, **extra: str) -> dict[str, Any]:
    """Run `driftloop deploy` and return its outcomes by name."""
    done = start_cli("deploy", "-w", str(workspace), "--json", *options, **extra)
    assert done.returncode == 0, done.stderr
    return {load["name"]: load for load in json.loads(done.stdout)["deployments"]}


def inspect(name: str) -> dict[str, Any]:
    """What the server knows of a deployment."""
    found: dict[str, Any] = json.loads(prefect("deployment", "inspect", name, "-o", "json"))
    return found


def test_all_are_deployed_and_a_worker_completes_a_run(
    own_server: str, championed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLOOP_HOME", str(ROOT))
    registered = deploy(championed)
    assert set(registered) >= {
        f"{deployment['entrypoint'].rpartition(':')[2]}/{deployment['name']}"
        for deployment in DEPLOYMENTS
    }
    found = inspect("monitor/monitor-payments")
    assert found["schedules"][0]["schedule"]["cron"] == "0 6 * * 1"
    assert found["parameters"] == {"model": "payments", "workspace": str(championed)}
    assert found["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert str(ROOT) not in json.dumps(found["pull_steps"]), "the deployer's path is not recorded"
    parameters = {"model": "payments", "as_of": (monday(10) + timedelta(hours=6)).isoformat()}
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    monkeypatch.setitem(os.environ, "PREFECT_LOGGING_LEVEL", "INFO")
    with worker(tmp_path / "worker.log"):
        said = prefect("deployment", "run", "monitor/monitor", *given, "--watch")
    assert "finished successfully" in said, (tmp_path / "worker.log").read_text()[-2000:]
    (run,) = open_registry(Workspace(championed)).finished("payments", "monitor")
    assert run.tags.verdict == "ok"
    assert run.stored["mlflow.runName"] == "monitor payments 2026-03-16 06:00"
    page = artifact("payments-run")
    assert page.startswith("# ✅ payments: healthy")
    assert "driftloop monitor payments --as-of 2026-03-16T06:00:00" in page
    rows = json.loads(artifact("payments-findings"))
    assert {"amount", "country"} <= {row["column"] for row in rows}
    (event,) = events("driftloop.window.judged")
    assert (event["resource"]["prefect.resource.name"], event["payload"]["verdict"]) == (
        "payments",
        "ok",
    )


def artifact(key: str) -> str:
    """Return the newest artifact with a key."""
    with get_client(sync_client=True) as client:
        answer = client._client.get(f"/artifacts/{key}/latest")
        answer.raise_for_status()
        return str(answer.json()["data"])


def events(name: str, seconds: float = 300) -> list[dict[str, Any]]:
    """Wait for events of a name, which the server stores in batches, and return them."""
    asked = {"filter": {"event": {"name": [name]}}}
    end = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while time.monotonic() < end:
            found: list[dict[str, Any]] = client._client.post("/events/filter", json=asked).json()[
                "events"
            ]
            if found:
                return found
            time.sleep(0.2)
    raise AssertionError(f"no event {name}")


def test_a_second_deployment_changes_nothing_and_a_new_model_is_one_file(
    own_server: str, championed: Path
) -> None:
    deploy(championed)
    assert {one["outcome"] for one in deploy(championed).values()} == {"unchanged"}
    write_config(championed, {**small_config(), "model": "refunds"}, "refunds")
    found = deploy(championed)
    assert found["monitor/monitor-refunds"]["outcome"] == "created"
    assert found["monitor/monitor-payments"]["outcome"] == "unchanged"
    form = inspect("retrain/retrain")["parameter_openapi_schema"]["properties"]
    assert form["model"]["enum"] == ["payments", "refunds"]
    assert "champion" not in form
    (championed / "configs" / "refunds.yaml").unlink()
    assert deploy(championed)["monitor/monitor-refunds"]["outcome"] == "stale"
    assert deploy(championed, "--prune")["monitor/monitor-refunds"]["outcome"] == "removed"
    assert "monitor/monitor-refunds" not in deploy(championed)


def test_a_schedule_that_a_person_switched_off_stays_off(own_server: str, championed: Path) -> None:
    deploy(championed)
    name = "monitor/monitor-payments"
    before = inspect(name)
    prefect("deployment", "schedule", "pause", name, before["schedules"][0]["id"])
    write_config(championed, small_config(drift={"minimum_rows": 101}))
    found = deploy(championed)[name]
    assert (found["outcome"], found["paused"], found["schedule"]) == ("updated", True, None)
    assert not inspect(name)["schedules"][0]["active"]
    write_config(championed, {**small_config(), "schedule": {"active": False}})
    assert not deploy(championed)[name]["paused"]
    write_config(championed, small_config())
    assert inspect(name)["schedules"][0]["active"] is False
    assert deploy(championed)[name]["schedule"] == "0 6 * * 1 UTC", "the file switched it on"


def test_an_automation_that_a_person_switched_off_stays_off(
    own_server: str, championed: Path
) -> None:
    """It waits for several events: a set, whose order differs from process to process."""
    name = "driftloop shows on its page what happens"
    with get_client(sync_client=True) as client:
        deploy(championed)
        (made,) = client.read_automations_by_name(name)
        client.pause_automation(made.id)
        for seed in ("1", "2", "3"):
            deploy(championed, PYTHONHASHSEED=seed)
            (found,) = client.read_automations_by_name(name)
            assert (found.id, found.enabled) == (made.id, False)


def test_a_run_form_refuses_a_model_that_is_not_there(own_server: str, championed: Path) -> None:
    deploy(championed)
    with get_client(sync_client=True) as client:
        there = client.read_deployment_by_name("monitor/monitor")
        with pytest.raises(PrefectHTTPStatusError, match="409") as caught:
            client.create_flow_run_from_deployment(there.id, parameters={"model": "paymens"})
    assert "'paymens' is not one of ['payments']" in caught.value.response.text


def test_what_is_wrong_is_told_before_anything_is_registered(
    own_server: str, championed: Path
) -> None:
    deploy(championed)
    write_config(championed, {**small_config(), "model": "refunds"}, "refunds")
    write_config(championed, {**small_config(), "schedule": {"cron": "0 6 32 * 1"}})
    done = start_cli("deploy", "-w", str(championed))
    assert done.returncode == 2
    assert "payments.yaml: schedule: cron: received '0 6 32 * 1'" in done.stderr
    with get_client(sync_client=True) as client, pytest.raises(ObjectNotFound):
        client.read_deployment_by_name("monitor/monitor-refunds")
    others = deploy(championed, "--skip-broken", "--prune")
    assert others["monitor/monitor-refunds"]["outcome"] == "created"
    assert "monitor/monitor-payments" not in others
    assert inspect("monitor/monitor-payments"), "a typing error takes away no monitor"
    write_config(championed, small_config())
    offline = start_cli("deploy", "-w", str(championed), PREFECT_API_URL="")
    assert offline.returncode == 2
    assert "PREFECT_API_URL" in offline.stderr


def test_a_proposal_suspends_its_approval_run_until_a_person_answers(
    own_server: str,
    championed: Path,
    slack: SlackPeer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run waits without a process, and goes on from the form: on whichever worker is there."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(ROOT))
    deploy(championed)
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


def approval_run(state: str, log: Path, seconds: float = 300) -> FlowRun:
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
