"""A stack of its own for a test: free ports, a workspace, the real command line."""

import base64
import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from tasks.runtime.servers.local_server import free_port
from tasks.stack.login.access import CLIENT, auth_string
from tasks.stack.prefect_server import prefect_at
from tasks.stack.processes import processes_of, sweep
from tasks.stack.services import StackFolder

ROOT = Path(__file__).parents[1]
SECONDS = 600


@dataclass
class Stack:
    """The command line for one stack, and what can be asked of it."""

    workspace: Path
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("PREFECT", "MLFLOW", "SITE"):
            self.extra.setdefault(f"DRIFTLOOP_{name}_PORT", str(free_port()))

    @property
    def folder(self) -> StackFolder:
        return StackFolder(self.workspace / ".driftloop")

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.extra['DRIFTLOOP_PREFECT_PORT']}/api"

    @property
    def mlflow(self) -> str:
        return f"http://127.0.0.1:{self.extra['DRIFTLOOP_MLFLOW_PORT']}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.extra['DRIFTLOOP_SITE_PORT']}/"

    @property
    def auth(self) -> str:
        """The user and the password."""
        return auth_string(self.password)

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in (*CLIENT, "PREFECT_LOGGING_LEVEL")
            and not name.startswith(("SLACK", "PREFECT_LOGGING"))
        }
        return {**kept, **self.extra, "DRIFTLOOP_WORKSPACE": str(self.workspace), **changes}

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            cwd=ROOT,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def json(self, *arguments: str, **changes: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json", **changes)
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def speak(self, *arguments: str) -> dict[str, Any]:
        """Run a command that speaks to the stack's servers."""
        return self.json(*arguments, **self.shell())

    def shell(self) -> dict[str, str]:
        """What a shell has after it has sourced the stack's file."""
        lines = self.folder.shell.read_text().splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines)
        return {name: shlex.split(value)[0] for name, _, value in pairs}

    @property
    def password(self) -> str:
        return self.folder.password.read_text().strip()

    def ask(
        self,
        url: str,
        body: dict[str, Any] | None = None,
        *,
        auth: str | None = None,
        method: str | None = None,
        **headers: str,
    ) -> tuple[int, str, Message]:
        """Status, text and headers of the answer to a request.

        Prefect's server says 503 while its SQLite waits for the disk; it is asked again, as
        Prefect's own client does.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if auth is not None:
            sent["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json", **sent}, method=method
        )
        until = time.monotonic() + 30
        while (found := _answer(request))[0] == 503 and time.monotonic() < until:
            time.sleep(1)
        return found

    def pids(self) -> dict[str, int]:
        return {one["name"]: one["pid"] for one in self.json("stack")["services"]}

    def left(self) -> list[str]:
        return [" ".join(one.cmdline()) for one in processes_of(self.folder)]

    @contextmanager
    def prefect(self) -> Iterator[SyncPrefectClient]:
        with prefect_at(self.api, self.auth) as client:
            yield client

    def begin(self, deployment: str, **parameters: Any) -> FlowRun:
        """Start a deployment's run through the worker."""
        with self.prefect() as client:
            found = client.read_deployment_by_name(deployment)
            return client.create_flow_run_from_deployment(found.id, parameters=parameters)

    def state(self, run: FlowRun) -> str:
        with self.prefect() as client:
            return client.read_flow_run(run.id).state_name or ""

    def ended(self, run: FlowRun, seconds: float = SECONDS) -> str:
        """Wait until a run has ended, and return the name of its state."""
        ends = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")
        wait_until(lambda: self.state(run) in ends, f"{run.name} has not ended", seconds)
        return self.state(run)

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-2500:]}"
            for path in sorted(self.folder.logs.glob("*.log"))
        )


@contextmanager
def stack_of(workspace: Path, **extra: str) -> Iterator[Stack]:
    """A stack that is not up yet; nothing of it is left at the end, whatever happened."""
    stack = Stack(workspace, dict(extra))
    try:
        yield stack
    finally:
        sweep(stack.folder)


def _answer(request: urllib.request.Request) -> tuple[int, str, Message]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def wait_until(done: Callable[[], bool], what: str, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def kill(pid: int) -> None:
    """Kill one process by its id, as the kernel does when memory is short."""
    process = psutil.Process(pid)
    process.kill()
    psutil.wait_procs([process], timeout=10)
