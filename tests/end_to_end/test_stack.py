"""`driftloop up` and `down`, the whole story on SQLite: nothing doubled, nothing left."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.schemas.objects import FlowRun
from stacks import ROOT, Stack, kill, stack_of, wait_until

from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry

pytestmark = pytest.mark.timeout(1800)
TOKEN = "xoxb-not-to-be-seen-anywhere"


def states(found: dict[str, object]) -> set[tuple[str, str]]:
    return {(one["name"], one["state"]) for one in found["services"]}  # type: ignore[attr-defined]


RUNNING = {
    (name, "running") for name in ("prefect", "mlflow", "site", "worker", "answers", "keeper")
}


def test_up_and_down(championed: Path) -> None:
    """A model trained before `up` is there during it, and one judged during it is there after."""
    with stack_of(championed, SLACK_BOT_TOKEN=TOKEN) as stack:
        first = stack.json("up")
        assert first["state"] == "running", stack.logs()
        assert states(first) == RUNNING
        check_what_up_made(stack)
        check_nobody_gets_in_without_the_password(stack)
        check_a_page_of_another_origin_is_refused(stack)
        check_a_shell_without_it_is_told_what_to_source(stack)
        slipped = slip_in_commands(stack, championed)
        pids = stack.pids()
        again = stack.run("up", "--json")
        assert "already up" in again.stderr
        assert stack.pids() == pids, "nothing healthy is restarted"
        kill(pids["mlflow"])
        wait_until(lambda: stack.pids()["mlflow"] not in (None, pids["mlflow"]), stack.logs())
        wait_until(lambda: stack.json("stack")["state"] == "running", stack.logs())
        log = stack.folder.log("mlflow").read_text()
        assert "address already in use" not in log, "its children would keep the port"
        run = stack.begin("monitor/monitor", model="payments", as_of="2026-03-16")
        assert stack.ended(run) == "Completed", stack.logs()
        assert stack.ended(slipped) in ("Crashed", "Failed")
        assert not list(championed.glob("slipped-in-*")), "no command of a caller is run"
        (status,) = stack.speak("status")["models"]
        assert status["verdict"] == "ok"
        check_no_secret_is_readable(stack, json.dumps(first) + again.stdout + again.stderr)
        check_another_account_reads_and_writes_nothing(stack)
        down = stack.run("down")
        assert down.returncode == 0
        assert down.stdout.strip() == "The stack is stopped."
        assert stack.left() == []
        second = stack.run("down")
        assert (second.returncode, second.stdout.strip()) == (0, "Nothing is running.")
    (monitored,) = MlflowRegistry(Workspace(championed)).finished("payments", "monitor")
    assert monitored.tags.verdict == "ok"


@pytest.mark.slow
def test_the_sample_has_a_champion_a_history_a_page_and_a_schedule_that_finds_data(
    payments: Path,
) -> None:
    sample = payments / ".driftloop" / "sample"
    with stack_of(sample) as stack:
        up = stack.run("up", "--sample", "--json", DRIFTLOOP_WORKSPACE=str(payments))
        assert json.loads(up.stdout)["state"] == "running", up.stderr
        (before,) = stack.speak("status")["models"]
        assert (before["champion"], before["verdict"]) == ("1", "drift")
        age = datetime.now(UTC) - datetime.fromisoformat(before["as_of"])
        assert timedelta() < age < timedelta(days=7)
        code, page, _ = stack.ask(stack.page, auth=stack.auth)
        assert code == 200
        (report,) = re.findall(r'href="(reports/payments[^"]+)"', page)
        assert "payments" in stack.ask(stack.page + report, auth=stack.auth)[1]
        history = stack.speak("history", "payments")["runs"]
        assert {"ok", "drift"} <= {run["outcome"] for run in history}
        run = stack.begin("monitor/monitor-payments")
        assert stack.ended(run) == "Completed", stack.logs()
        (after,) = stack.speak("status")["models"]
        assert after["as_of"] > before["as_of"]
        assert after["verdict"] != "inconclusive"
        again = stack.run("up", "--sample", DRIFTLOOP_WORKSPACE=str(payments))
        assert "already up" in again.stderr
        assert len(stack.speak("history", "payments")["runs"]) == len(history) + 1
        assert f"Your models: {stack.page.rstrip('/')}" in again.stdout
        check_processes_are_found_when_the_process_manager_was_killed(stack)


def check_processes_are_found_when_the_process_manager_was_killed(stack: Stack) -> None:
    kill(int(stack.folder.pid_file.read_text()))
    looked = stack.run("stack", "--json")
    assert looked.returncode == 2
    assert "run 'driftloop down'" in json.loads(looked.stdout)["sentence"]
    assert stack.json("down")["stopped"] is True
    assert stack.left() == []


def check_what_up_made(stack: Stack) -> None:
    with stack.prefect() as client:
        pool = client.read_work_pool("driftloop")
        assert (pool.type, pool.is_paused) == ("process", False)
        schedules = client.read_deployment_by_name("monitor/monitor-payments").schedules
        assert [schedule.active for schedule in schedules] == [True]
        limits = {limit.name for limit in client.read_global_concurrency_limits()}
        assert {"driftloop-promote-payments", "driftloop-deliver-payments"} <= limits
        assert len(client.read_automations_by_name("driftloop: run fell silent")) == 1
        from prefect.blocks.system import Secret

        assert Secret.load("slack-bot-token", _sync=True).get() == TOKEN  # type: ignore[call-arg]
    assert "There is no page yet" in stack.ask(stack.page, auth=stack.auth)[1]
    (stack.folder.site / "index.html").write_text("<p>models</p>")
    assert stack.ask(stack.page, auth=stack.auth)[:2] == (200, "<p>models</p>")


def check_nobody_gets_in_without_the_password(stack: Stack) -> None:
    """Another account of this machine reaches the ports; that is all it can do."""
    with stack.prefect() as client:
        deployment = client.read_deployment_by_name("monitor/monitor").id
        block = client.read_block_document_by_name("slack-bot-token", "secret").id
    doors: list[tuple[str, dict[str, object] | None]] = [
        (f"{stack.api}/block_documents/{block}?include_secrets=true", None),
        (f"{stack.api}/block_documents/filter", {"include_secrets": True}),
        (f"{stack.api}/deployments/{deployment}/create_flow_run", {}),
        (f"{stack.api}/flow_runs/", {"flow_id": str(deployment)}),
        (f"{stack.api}/work_pools/driftloop", None),
        (f"{stack.mlflow}/", None),
        (f"{stack.mlflow}/api/2.0/mlflow/experiments/get?experiment_id=0", None),
        (f"{stack.mlflow}/api/2.0/mlflow/registered-models/create", {"name": "theirs"}),
        (stack.page, None),
    ]
    for url, body in doors:
        for auth in (None, "driftloop:", "driftloop:guess", f"root:{stack.password}"):
            status, text, _ = stack.ask(url, body, auth=auth)
            assert (status, TOKEN in text) == (401, False), url
    status, text, _ = stack.ask(doors[0][0], auth=stack.auth)
    assert (status, TOKEN in text) == (200, True), "the door is one, and the key fits"
    assert stack.ask(doors[6][0], auth=stack.auth)[0] == 200


def check_a_page_of_another_origin_is_refused(stack: Stack) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:9999", stack.page.rstrip("/")):
        asked = {"Origin": origin, "Access_Control_Request_Method": "POST"}
        for url in (f"{stack.api}/flow_runs/filter", f"{stack.mlflow}/api/2.0/mlflow/runs/create"):
            status, _, headers = stack.ask(url, method="OPTIONS", **asked)
            assert status in (400, 403), url
            assert headers["Access-Control-Allow-Origin"] is None
    own = stack.api.removesuffix("/api")
    asked = {"Origin": own, "Access_Control_Request_Method": "POST"}
    status, _, headers = stack.ask(f"{stack.api}/flow_runs/filter", method="OPTIONS", **asked)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, own)


def check_a_shell_without_it_is_told_what_to_source(stack: Stack) -> None:
    done = stack.run("monitor", "payments", PREFECT_API_URL=stack.api)
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error:")]
    assert (done.returncode, f"run 'source {stack.folder.shell}' in this shell" in line) == (
        2,
        True,
    )


def slip_in_commands(stack: Stack, marks: Path) -> FlowRun:
    """Ask for commands in every way a caller has, and return the run that the server took.

    Prefect's server refuses some and only stores others; the worker must run none. It also gives
    one to the deployment that is run next, which has to end as if nothing had been.
    """

    def command(name: str) -> dict[str, object]:
        return {"command": f"touch {marks / f'slipped-in-{name}'}"}

    with stack.prefect() as client:
        found = client.read_deployment_by_name("monitor/monitor")
    for variables in (command("run"), {"env": {"PYTHONPATH": "/tmp"}}, {"working_dir": "/tmp"}):
        url = f"{stack.api}/deployments/{found.id}/create_flow_run"
        body = {"job_variables": variables, "parameters": {"model": "payments"}}
        status, text, _ = stack.ask(url, body, auth=stack.auth)
        assert (status, "was unexpected" in text) == (422, True), text
    url = f"{stack.api}/deployments/{found.id}"
    body = {"job_variables": command("deployment")}
    assert stack.ask(url, body, auth=stack.auth, method="PATCH")[0] == 204
    body = {
        "flow_id": str(found.flow_id),
        "work_pool_name": "driftloop",
        "job_variables": command("alone"),
        "state": {"type": "SCHEDULED"},
    }
    status, text, _ = stack.ask(f"{stack.api}/flow_runs/", body, auth=stack.auth)
    assert status == 201, text
    return FlowRun.model_validate_json(text)


def check_no_secret_is_readable(stack: Stack, printed: str) -> None:
    """The token is in a block, the password in three private files; nothing else shows them."""
    holders = {stack.folder.password, stack.folder.shell, stack.folder.services}
    assert stat.S_IMODE(stack.folder.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((stack.folder.state / "dvc-site").stat().st_mode) == 0o700
    for path in stack.folder.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content, path
            assert (stack.password.encode() in content) == (path in holders), path
    for path in (*holders, stack.folder.configuration, stack.folder.running):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stack.password not in printed
    assert stack.password not in "".join(stack.left()), "every account can read command lines"
    for pid in stack.pids().values():
        assert TOKEN not in Path(f"/proc/{pid}/environ").read_text()
        assert stat.S_IMODE(Path(f"/proc/{pid}/environ").stat().st_mode) == 0o400


def check_another_account_reads_and_writes_nothing(stack: Stack) -> None:
    """As `nobody`, who reaches what is beside the state folder."""
    if os.getuid() != 0:
        return  # who is not root cannot be another account
    state = stack.folder.state
    for parent in state.parents[:-1]:
        parent.chmod(parent.stat().st_mode | 0o011)
    beside = state.parent / "beside"
    beside.write_text("open")
    beside.chmod(0o644)

    def as_nobody(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
        account = {"user": 65534, "group": 65534, "extra_groups": ()}
        return subprocess.run(command, **account, capture_output=True, check=False)

    assert as_nobody("cat", beside).stdout == b"open"
    for command in (("ls", state), ("cat", stack.folder.password), ("touch", state / "theirs")):
        done = as_nobody(*command)
        assert (done.returncode != 0, b"denied" in done.stderr) == (True, True), command


def test_ctrl_c_during_up_stops_what_was_started(payments: Path) -> None:
    with stack_of(payments) as stack:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "up"],
            cwd=ROOT,
            env=stack.environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "waiting for mlflow" in line:
                break
        assert len(stack.left()) > 1
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(600) == 130, said
        assert "stopping what was started" in said
        assert stack.left() == []


def test_what_is_in_the_way_is_told_in_one_line(payments: Path) -> None:
    with stack_of(payments) as stack, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = stack.run("up", DRIFTLOOP_MLFLOW_PORT=port)
        assert done.returncode == 2
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        assert f"port {port} for mlflow is taken by pid " in line
        assert "set DRIFTLOOP_MLFLOW_PORT" in line
        assert stack.left() == []
