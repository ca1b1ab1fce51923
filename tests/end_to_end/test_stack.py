"""`driftloop up` and `down`, the whole story on SQLite: nothing doubled, nothing left."""

import json
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from stacks import ROOT, Stack, kill, stack_of, wait_until

from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry

pytestmark = pytest.mark.timeout(1800)
TOKEN = "xoxb-not-to-be-seen-anywhere"


def states(found: dict[str, object]) -> set[tuple[str, str]]:
    return {(one["name"], one["state"]) for one in found["services"]}  # type: ignore[attr-defined]


RUNNING = {(name, "running") for name in ("prefect", "mlflow", "site", "worker", "keeper")}


def test_up_and_down(championed: Path) -> None:
    """A model trained before `up` is there during it, and one judged during it is there after."""
    with stack_of(championed, SLACK_BOT_TOKEN=TOKEN) as stack:
        first = stack.json("up")
        assert first["state"] == "running", stack.logs()
        assert states(first) == RUNNING
        check_what_up_made(stack)
        check_no_secret_is_readable(stack)
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
        down = stack.run("down")
        assert down.returncode == 0
        assert down.stdout.strip() == "The stack is stopped."
        assert stack.left() == []
        second = stack.run("down")
        assert (second.returncode, second.stdout.strip()) == (0, "Nothing is running.")
    (monitored,) = MlflowRegistry(Workspace(championed)).finished("payments", "monitor")
    assert monitored.tags["driftloop.verdict"] == "ok"


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
    page = f"http://127.0.0.1:{stack.extra['DRIFTLOOP_SITE_PORT']}/"
    with urllib.request.urlopen(page) as answer:
        assert b"There is no page yet" in answer.read()
    stack.folder.site.mkdir()
    (stack.folder.site / "index.html").write_text("<p>models</p>")
    with urllib.request.urlopen(page) as answer:
        assert answer.read() == b"<p>models</p>"


def check_no_secret_is_readable(stack: Stack) -> None:
    """The token is in a block; no file of the stack, no log and no environment holds it."""
    for path in stack.folder.root.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path
    for pid in stack.pids().values():
        assert TOKEN not in Path(f"/proc/{pid}/environ").read_text()
    assert stat.S_IMODE(stack.folder.services.stat().st_mode) == 0o600


def test_processes_are_found_when_the_process_manager_was_killed(payments: Path) -> None:
    with stack_of(payments) as stack:
        assert stack.json("up")["state"] == "running", stack.logs()
        kill(int(stack.folder.pid_file.read_text()))
        looked = stack.run("stack", "--json")
        assert looked.returncode == 2
        assert "run 'driftloop down'" in json.loads(looked.stdout)["sentence"]
        assert stack.json("down")["stopped"] is True
        assert stack.left() == []


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
