"""A private Prefect server on loopback: for one command, for the demo, and for tests."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from driftloop.base.errors import UnavailableError

PATIENCE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
STOP_SECONDS = 10.0
_START_SECONDS = 180.0
_LEASH = Path(__file__).with_name("leash.py")
_LAST_LINES, _LAST_BYTES = 3, 4000


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that was started, and may not answer yet; it ends with this process."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: BinaryIO

    @property
    def api_url(self) -> str:
        """What ``PREFECT_API_URL`` is set to."""
        return f"{self.url}/api"

    def wait(self) -> None:
        """Return once the server answers.

        Raises:
            UnavailableError: if it ended, with its last lines, or does not answer in time.
        """
        seconds = float(os.environ.get(PATIENCE) or _START_SECONDS)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (code := self.process.poll()) is not None:
                raise UnavailableError(
                    f"the Prefect server at {self.url} ended with {code} before it answered: "
                    f"{self._last_words()}; set PREFECT_API_URL to a server of your own if it "
                    "cannot run here"
                )
            if answers(f"{self.api_url}/health"):
                return
            time.sleep(0.05)
        raise UnavailableError(
            f"the Prefect server at {self.url} did not answer in {seconds:.0f} s; allow it more "
            f"with {PATIENCE}, or set PREFECT_API_URL to a server of your own"
        )

    def stop(self) -> None:
        """Stop the server and its children; by force if it does not stop."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _last_words(self) -> str:
        file, size = self.log.fileno(), os.fstat(self.log.fileno()).st_size
        text = os.pread(file, _LAST_BYTES, max(size - _LAST_BYTES, 0)).decode(errors="replace")
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        return " / ".join(lines[-_LAST_LINES:]).rstrip(".") or "it said nothing"


def start_server(home: Path) -> LocalServer:
    """Start a server that keeps its database and log in `home`; call `wait` before using it."""
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PREFECT_HOME": str(home)}
    environment.pop("PREFECT_API_URL", None)  # that of a client
    environment["PREFECT_SERVER_UI_API_URL"] = f"http://127.0.0.1:{port}/api"  # where its pages ask
    arguments = ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    return start_leashed(arguments, environment, port, (home / "server.log").open("ab+"))


def start_leashed(
    arguments: Sequence[str], environment: Mapping[str, str], port: int, log: BinaryIO
) -> LocalServer:
    """Start a module of Python as a server that ends with this process."""
    process = subprocess.Popen(  # noqa: S603 - a fixed command
        [sys.executable, str(_LEASH), *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return LocalServer(process, f"http://127.0.0.1:{port}", log)


def answers(url: str, seconds: float = 5.0) -> bool:
    """Say whether an address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:  # noqa: S310 - our own
            return bool(response.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
