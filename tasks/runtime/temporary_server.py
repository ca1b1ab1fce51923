"""A Prefect server for one command, started while the command imports its libraries.

Prefect would start one itself, but only once it is imported and a flow begins, and it imports the
whole server into the command for that. This one is the same, with the same database.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

from driftloop.base.errors import UnavailableError
from tasks.runtime.prefect_api import own_server

PATIENCE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
STOP_SECONDS = 10.0
_LIKE_PREFECTS_OWN = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


@dataclass(frozen=True, slots=True)
class TemporaryServer:
    """A server that has been started, and may not answer yet."""

    process: "subprocess.Popen[bytes]"
    api: str

    def wait(self) -> None:
        """Return once the server answers.

        Raises:
            UnavailableError: if it ends or does not answer in time.
        """
        end = time.monotonic() + float(os.environ.get(PATIENCE) or 180)
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=5):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.05)
        raise UnavailableError(
            "the temporary Prefect server did not answer in time; allow it more with "
            f"{PATIENCE}, or set PREFECT_API_URL to a server of your own"
        )

    def stop(self) -> None:
        """Stop the server; by force if it does not stop."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_temporary_server() -> TemporaryServer | None:
    """Start a server that ends with this process; None where one is configured.

    Called before Prefect is imported, it ends after Prefect has sent its last logs and events.
    """
    if own_server():
        return None
    port = str(free_port())
    application = ("--factory", "prefect.server.api.server:create_app")
    options = ("--host", "127.0.0.1", "--port", port, "--log-level", "error", "--lifespan", "on")
    process = subprocess.Popen(  # noqa: S603 - a fixed command
        [sys.executable, "-m", "uvicorn", *application, *options],
        env={**os.environ, **_LIKE_PREFECTS_OWN},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    server = TemporaryServer(process, f"http://127.0.0.1:{port}/api")
    atexit.register(server.stop)
    return server


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
