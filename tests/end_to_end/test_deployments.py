"""The deployments of prefect.yaml, registered and run by a real worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from conftest import run_cli, start_cli
from peers.slack import SlackPeer
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
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


WARM = ("tasks.fleet.worker", "--pool", "driftloop")


@contextmanager
def worker(log: Path, *arguments: str, folder: Path = ROOT) -> Iterator[None]:
    """A worker, by default a warm one on the project's pool, which ends when it is asked to.

    The warm one is started as a script starts what it leaves in the background.
    """
    command = [sys.executable, "-m", *(arguments or WARM)]
    interrupts = signal.SIG_DFL if arguments else signal.SIG_IGN
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, interrupts),
        )
        try:
            yield
            process.terminate()
            process.wait(60)
        finally:
            process.kill()
            process.wait()


def deploy(workspace: Path, *options: str, **extra: str) -> dict[str, Any]:
    """Run `driftloop deploy`, as a process where it is given variables; its outcomes by name."""
    run = start_cli if extra else run_cli
    done = run("deploy", "-w", str(workspace), "--json", *options, **extra)
    assert done.returncode == 0, done.stderr
    return {load["name"]: load for load in json.loads(done.stdout)["deployments"]}


def inspect(name: str) -> dict[str, Any]:
    """What the server knows of a deployment."""
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name(name).model_dump(mode="json")


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
    log = (tmp_path / "worker.log").read_text()
    assert "finished successfully" in said, log[-2000:]
    assert "the run imports for itself" not in log
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


def test_what_had_another_name_is_replaced(own_server: str, championed: Path) -> None:
    """What a person switched off under the old name stays off; a deployment of theirs stays."""
    deploy(championed)
    with get_client(sync_client=True) as client:
        new = client.read_deployment_by_name("deliver/tool-deliver")
        client.delete_deployment(new.id)
        cron = CronSchedule(cron="*/15 * * * *", timezone="UTC")
        off = DeploymentScheduleCreate(schedule=cron, active=False, slug="driftloop-on")
        ours = {"name": "deliver", "tags": ["driftloop"], "schedules": [off]}
        client.create_deployment(flow_id=new.flow_id, **ours)
        flow = client.read_deployment_by_name("mute/tool-mute").flow_id
        theirs = client.create_deployment(flow_id=flow, name="mute")
        found = deploy(championed)["deliver/tool-deliver"]
        assert (found["outcome"], found["paused"]) == ("created", True)
        with pytest.raises(ObjectNotFound):
            client.read_deployment_by_name("deliver/deliver")
        client.delete_deployment(theirs)  # it is still there
        client.delete_deployment(client.read_deployment_by_name("deliver/tool-deliver").id)


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
    done = run_cli("deploy", "-w", str(championed))
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


THEIRS = {
    "flows/__init__.py": "",
    "flows/monitor.py": """
        from pathlib import Path
        from prefect import flow
        import tasks.counting
        import tasks.deployments.pull

        @flow
        def monitor(model: str = "none"):
            files = tasks.counting.__file__, tasks.deployments.pull.__file__
            Path("ran.txt").write_text("\\n".join(files))
        """,
    "tasks/__init__.py": "",
    "tasks/counting.py": "",
    "tasks/deployments/__init__.py": "",
    "tasks/deployments/pull.py": "",
}
"""Another project, whose packages, flow and modules are called what driftloop's are."""


def test_another_project_with_the_same_packages_runs_on_the_same_server(
    own_server: str, championed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "INFO")
    project = tmp_path / "theirs"
    for name, text in THEIRS.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(dedent(text))
    deploy(championed)
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="theirs", type="process"))
        ours = client.read_deployment_by_name("monitor/monitor")
        client.delete_deployment(ours.id)
        step = "prefect.deployments.steps.set_working_directory"
        form: dict[str, Any] = {
            "entrypoint": "flows/monitor.py:monitor",
            "work_pool_name": "theirs",
            "pull_steps": [{step: {"directory": str(project)}}],
        }
        taken = client.create_deployment(flow_id=ours.flow_id, name="monitor", **form)
        refused = run_cli("deploy", "-w", str(championed))
        assert refused.returncode == 2
        assert "the server has monitor/monitor without the tag 'driftloop'" in refused.stderr
        assert client.read_deployment(taken).work_pool_name == "theirs"
        client.delete_deployment(taken)
        client.create_deployment(flow_id=ours.flow_id, name="counting", **form)
    assert deploy(championed)["monitor/monitor"]["outcome"] == "created"

    as_of = (monday(10) + timedelta(hours=6)).isoformat()
    pool = ("prefect", "worker", "start", "--pool", "theirs")
    logs = tmp_path / "ours.log", tmp_path / "theirs.log"
    with worker(logs[0]), worker(logs[1], *pool, folder=project):
        for name in ("monitor/counting", "monitor/monitor-payments"):
            given = ("-p", f"as_of={as_of}") if "payments" in name else ()
            said = prefect("deployment", "run", name, *given, "--watch")
            assert "finished successfully" in said, [log.read_text()[-2000:] for log in logs]
    files = (project / "ran.txt").read_text().splitlines()
    assert files == [
        str(project / "tasks" / name) for name in ("counting.py", "deployments/pull.py")
    ]
    (run,) = open_registry(Workspace(championed)).finished("payments", "monitor")
    assert run.tags.verdict == "ok"
