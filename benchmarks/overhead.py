"""Duration of a monitoring run of the demo's model, and the part that is not computation.

Warm: in a process that has done a run before, at a real Prefect server, beside the same steps as
plain functions and the drawing of the report, which together are the work. Overhead is the rest:
Prefect, MLflow, the state of alerts, events, artifacts, logs. Cold: the command as a process of its
own. Alert: from the moment that a run was scheduled for to the moment at which its message arrives,
through the worker of `up`, and through Prefect's own.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import starts
from benchmarks.errors import BenchmarkError
from benchmarks.machine import sentence
from benchmarks.overhead_report import KEPT
from benchmarks.paths import ROOT
from driftloop.onboarding.demo_story import START
from tasks.runtime.servers.local_server import start_server
from tasks.stack.services import WORKER

WARM, COLD, ALERTS = 7, 3, 3
FIRST_WEEK, BROKEN_WEEK = 8, 12
AHEAD = 25.0
WORKERS: Mapping[str, tuple[list[str], Mapping[str, str]]] = {
    "schedule_to_alert_warm": (["tasks.fleet.worker"], WORKER),
    "schedule_to_alert": (["prefect", "worker", "start"], {}),
}
"""Modules of workers, with the variables that they are given."""
LIMIT = 300.0


def monday(week: int) -> str:
    """Return the moment at which week `week` of the demo begins."""
    return datetime.combine(START + timedelta(weeks=week), datetime.min.time(), UTC).isoformat()


def run_overhead() -> None:
    """Measure, keep the numbers in docs/benchmarks/overhead.json, and print them."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        server = start_server(state / "server")
        try:
            server.wait()
            found = _measure(_variables(state, server.api_url))
            moments = monday(FIRST_WEEK), monday(FIRST_WEEK + 1)
            found["starts"] = starts.measure(state, server.api_url, *moments)
        finally:
            server.stop()
    found |= {name: alerts(*worker) for name, worker in WORKERS.items()}
    found["machine"] = sentence()
    KEPT.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def _variables(state: Path, api: str) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_API_URL": api,
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "DRIFTLOOP_STATE": str(state / "state"),
        "DRIFTLOOP_HOME": str(ROOT),
    }


def _measure(variables: dict[str, str]) -> dict[str, Any]:
    warm = _warm(variables)
    medians = {name: round(statistics.median(seconds), 2) for name, seconds in warm.items()}
    work = medians["computation"] + medians["drawing"]
    return {
        "warm_seconds": warm,
        "warm_medians": medians,
        "warm_overhead_share": {
            name: round(1 - work / medians[name], 2) for name in ("flow", "without_heartbeats")
        },
        "cold_seconds": [_cold(variables) for _ in range(COLD)],
    }


def _warm(variables: dict[str, str]) -> dict[str, list[float]]:
    weeks = [FIRST_WEEK + 1] * WARM
    job = {
        "bootstrap": monday(FIRST_WEEK),
        "warm_up": monday(FIRST_WEEK + 1),
        # A second apart: another run each time, over the same window.
        "moments": [
            (datetime.fromisoformat(monday(week)) + timedelta(seconds=60 + number)).isoformat()
            for number, week in enumerate(weeks)
        ],
    }
    command = [sys.executable, "-m", "benchmarks.runners.overhead", json.dumps(job)]
    printed = _run(command, variables)
    return dict(json.loads(printed.strip().splitlines()[-1]))


def _cold(variables: dict[str, str]) -> float:
    begun = time.perf_counter()
    moment = (datetime.fromisoformat(monday(FIRST_WEEK + 1)) + timedelta(hours=1)).isoformat()
    _run([sys.executable, "-m", "flows.cli", "monitor", "payments", "--as-of", moment], variables)
    return round(time.perf_counter() - begun, 2)


def alerts(command: list[str], settings: Mapping[str, str]) -> list[dict[str, float]]:
    """Return for each scheduled run what happened when, in seconds after it was due.

    Each worker has a server, a champion and a story of its own, so that all meet the same news.
    """
    with tempfile.TemporaryDirectory() as folder, _hook() as (address, arrived):
        server = start_server(Path(folder) / "server")
        try:
            server.wait()
            plain = _variables(Path(folder), server.api_url)
            variables = {**plain, "SLACK_WEBHOOK_URL": address}
            for words in (("bootstrap", "payments", "--as-of", monday(FIRST_WEEK)), ("deploy",)):
                _run([sys.executable, "-m", "flows.cli", *words], variables)
            with _worker({**variables, **settings}, command):
                return [_scheduled(variables, number, arrived) for number in range(ALERTS)]
        finally:
            server.stop()


def _scheduled(variables: dict[str, str], number: int, arrived: "list[float]") -> dict[str, float]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import Scheduled

    due = datetime.now(UTC) + timedelta(seconds=AHEAD)
    # Later weeks are other windows with trouble; the message tells of an incident or its course.
    week = (BROKEN_WEEK + 1, BROKEN_WEEK + 4, BROKEN_WEEK + 8)[number % 3]
    parameters = {"model": "payments", "as_of": monday(week)}
    before = len(arrived)
    api = {PREFECT_API_URL: variables["PREFECT_API_URL"]}
    with temporary_settings(api), get_client(sync_client=True) as client:
        there = client.read_deployment_by_name("monitor/monitor")
        run = client.create_flow_run_from_deployment(
            there.id, parameters=parameters, state=Scheduled(scheduled_time=due)
        )
        states: list[Any] = []
        end = time.monotonic() + LIMIT
        while not any(state.is_final() for state in states) and time.monotonic() < end:
            time.sleep(0.2)
            states = client.read_flow_run_states(run.id)
    told = {f"{state.name.lower()}": _after(due, state.timestamp) for state in states}
    if len(arrived) > before:
        told["alert"] = round(arrived[before] - due.timestamp(), 2)
    return {name: value for name, value in told.items() if name != "scheduled"}


def _after(due: datetime, moment: datetime) -> float:
    return round((moment - due).total_seconds(), 2)


@contextmanager
def _hook() -> Iterator[tuple[str, list[float]]]:
    """Receive messages as Slack's webhook does, and note when each arrives."""
    arrived: list[float] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(time.time())
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/services/T/B/x", arrived
    finally:
        server.shutdown()


@contextmanager
def _worker(variables: dict[str, str], command: list[str]) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--pool", "driftloop"],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Prefect's own worker does not end else where a shell left this in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def _run(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-600:]}")
    return done.stdout
