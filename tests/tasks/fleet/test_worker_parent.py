"""The warm parent: its processes are like those of a command, in what they get and how they end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks.fleet import worker, worker_client

CLIENT = [sys.executable, "-I", "-S", worker_client.__file__]
PARENT = """
import os, socket, sys
from tasks.fleet import worker_parent
request = worker_parent.Parent(socket.socket(fileno=int(sys.argv[1]))).serve()
if request:
    worker_parent.take_over(request)
    exec(os.environ["CODE"])
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A parent that runs the code in its request's environment, and where it listens."""
    with worker.listening(address := str(tmp_path / "s")) as listener:
        command = [sys.executable, "-c", PARENT, str(listener.fileno())]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=(listener.fileno(),), start_new_session=True
        )
    yield address, process
    assert process.stdin
    process.stdin.close()
    assert process.wait(60) == 0, "it ends with its worker"


def begin(address: str, code: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*CLIENT, address],
        env={**os.environ, "CODE": code, "ONLY_HERE": "yes"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_has_its_own_variables_folder_and_output_and_its_end_is_told(
    parent: tuple[str, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    code = "print(os.environ['ONLY_HERE'], os.getcwd()); print(os.getppid(), file=sys.stderr)"
    runs = [begin(parent[0], f"{code}; sys.exit({number})", tmp_path) for number in (0, 3)]
    for number, run in zip((0, 3), runs, strict=True):
        output, errors = run.communicate(timeout=60)
        assert (output.split(), run.returncode) == (["yes", str(tmp_path)], number)
        assert int(errors) == parent[1].pid


def test_signals_reach_the_run_and_its_death_is_its_clients(
    parent: tuple[str, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    handler = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    waiting = "import time; print('ready', flush=True)\nwhile True: time.sleep(0.05)"
    asked = begin(parent[0], f"{handler}; {waiting}", tmp_path)
    killed = begin(parent[0], "import signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path)
    assert asked.stdout
    assert asked.stdout.readline() == "ready\n"
    asked.terminate()
    assert asked.wait(60) == 7
    assert killed.wait(60) == -signal.SIGKILL


def test_a_client_that_is_killed_takes_its_run_and_what_that_started_with_it(
    parent: tuple[str, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    code = (
        "import subprocess; other = subprocess.Popen(['sleep', '600']); "
        "print(os.getpid(), other.pid, flush=True); other.wait()"
    )
    run = begin(parent[0], code, tmp_path)
    assert run.stdout
    both = [psutil.Process(int(pid)) for pid in run.stdout.readline().split()]
    run.kill()
    run.wait()
    end = time.monotonic() + 60
    while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in both):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_without_a_parent_the_client_becomes_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "__init__.py").touch()
    (tmp_path / "prefect" / "engine.py").write_text("import os\nprint(os.getpid())\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = begin(str(tmp_path / "nobody"), "", tmp_path)
    output, errors = run.communicate(timeout=120)
    assert "no warm parent answers" in errors
    assert int(output) == run.pid
