"""Prefect's process worker, whose runs are forked from a parent that has everything imported.

``python -m tasks.fleet.worker --pool driftloop`` takes what ``prefect worker start`` takes. Each
run is a process of its own, with Prefect's own handling of logs, cancellation and crashes.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect.utilities.processutils import command_to_string
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from driftloop.base.environment import THREADS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CODE = ("driftloop", "flows", "tasks")


class WarmParent:
    """The parent's process; started again where it has died, or where the code has changed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="driftloop-worker-")
        self._process: subprocess.Popen[bytes] | None = None
        self._code, self._started = 0.0, 0

    def command(self) -> str:
        """Return the command of a run's process."""
        if self._process is None or self._process.poll() is not None or self._code != newest_code():
            self._start()
        client = str(HERE / "worker_client.py")
        return command_to_string([sys.executable, "-I", "-S", client, self._address])

    @property
    def _address(self) -> str:
        return f"{self._folder.name}/{self._started}"

    def _start(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()  # it ends with its last run
        self._code, self._started = newest_code(), self._started + 1
        with listening(self._address) as listener:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed command
                [sys.executable, "-m", "tasks.fleet.worker_parent", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=(listener.fileno(),),
                cwd=ROOT,
                env={**THREADS, **os.environ},
                start_new_session=True,
            )


def listening(address: str) -> socket.socket:
    """Return a socket that clients find, also while the parent still imports."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(128)
    return listener


def newest_code() -> float:
    """Return when the newest of this project's modules was changed."""
    times = [0.0]
    for name in CODE:
        for file in (ROOT / name).rglob("*.py"):
            with suppress(OSError):
                times.append(file.stat().st_mtime)
    return max(times)


PARENT = WarmParent()


class WarmConfiguration(ProcessJobConfiguration):
    """Starts a run through the warm parent; a command that was configured stays."""

    def prepare_for_flow_run(self, *given: Any, **named: Any) -> None:
        """Choose the command, before the variables of the run are added."""
        self.command = self.command or PARENT.command()
        super().prepare_for_flow_run(*given, **named)


warnings.filterwarnings("ignore", message="Type 'WarmWorker'")  # it takes the other's place


class WarmWorker(ProcessWorker):
    """The process worker under its own name, so that it serves the same pools."""

    type = "process"
    job_configuration = WarmConfiguration


def main() -> None:
    """Start the worker, and its parent at the same time."""
    from prefect.cli import app

    # Prefect ends a worker that is asked to end by an interrupt, which one that was started in the
    # background of a script is born to ignore.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    PARENT.command()
    sys.argv[:] = ["prefect", "worker", "start", *sys.argv[1:]]
    app()


if __name__ == "__main__":
    main()
