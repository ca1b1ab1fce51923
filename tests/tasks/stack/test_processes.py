"""Processes are found by their mark, ended whole, and nobody else's is touched."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks.stack.processes import is_running, listener, processes_of, runs_of, sweep
from tasks.stack.services import MARK, SERVICE, StackFolder

# Starts a child, and does not end when it is asked to.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StackFolder]:
    found = StackFolder(tmp_path)
    yield found
    for process in processes_of(found):
        process.kill()


def started(folder: StackFolder, **environment: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        env={**os.environ, MARK: str(folder.root), **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_children_of_a_killed_process_are_found_and_ended(folder: StackFolder) -> None:
    process, child = started(folder)
    other, others_child = started(StackFolder(folder.state / "other"))
    process.kill()
    process.wait()
    assert [one.pid for one in processes_of(folder)] == [child]
    assert sweep(folder) == 1
    assert not is_running(child)
    assert other.poll() is None
    for pid in (others_child, other.pid):
        psutil.Process(pid).kill()
    other.wait()


def test_who_does_not_end_is_ended_by_force(
    folder: StackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.stack.processes.TERM_SECONDS", 0.5)
    process, child = started(folder)
    assert sweep(folder) == 2
    process.wait()
    assert not is_running(child)
    assert sweep(folder) == 0


def test_runs_and_services_are_told_apart(folder: StackFolder) -> None:
    run, child = started(folder, PREFECT__FLOW_RUN_ID="run-1", **{SERVICE: "worker"})
    assert {one.pid for one in runs_of(folder)["run-1"]} == {run.pid, child}
    assert {one.pid for one in processes_of(folder, "worker")} == {run.pid, child}
    assert processes_of(folder, "mlflow") == []
    for pid in (child, run.pid):
        psutil.Process(pid).kill()
    run.wait()


def test_a_process_that_waits_to_be_reaped_does_not_run() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
    assert not is_running(process.pid)
    process.wait()


def test_nobody_listens_on_a_free_port() -> None:
    from tasks.runtime.servers.local_server import free_port

    assert listener(free_port()) is None
