"""A private Prefect server on loopback, for the demo and for tests."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from driftloop.base.errors import UnavailableError
from tasks.runtime.temporary_server import free_port
from tasks.stack.health import answers

START_SECONDS = 180.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running server: its process, address and log file."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @property
    def api_url(self) -> str:
        """What ``PREFECT_API_URL`` is set to."""
        return f"{self.url}/api"

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Return once the server answers.

        Raises:
            UnavailableError: if it ends or does not answer in time; the message has the log's path.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise UnavailableError(
                    f"the Prefect server ended with {self.process.returncode}; see {self.log}"
                )
            if answers(f"{self.api_url}/health", 2):
                return
            time.sleep(0.1)
        raise UnavailableError(f"the Prefect server did not answer in {seconds:.0f} s: {self.log}")

    def stop(self) -> None:
        """Stop the server and its children; by force if it does not stop."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start_server(home: Path, port: int | None = None) -> LocalServer:
    """Start a server that keeps its database in `home`; call `wait` before using it."""
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    environment = {**os.environ, "PREFECT_HOME": str(home)}
    environment.pop("PREFECT_API_URL", None)  # that of a client
    command = [sys.executable, "-m", "prefect", "server", "start"]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return LocalServer(process, f"http://127.0.0.1:{port}", log)
