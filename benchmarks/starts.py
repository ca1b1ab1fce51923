"""Cold starts: what commands take as processes of their own, as multiples of importing libraries.

The multiples are of ``import prefect, mlflow, sklearn``, taken in turn with the commands, so that
they compare between machines. Seconds are the processor's, but where a temporary Prefect server
starts beside the command: there they are those of the clock.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.paths import ROOT
from tasks.runtime.servers.local_server import LocalServer, answers, free_port

ROUNDS = 5
SERVED, LOCAL, ALONE = "served", "local", "alone"
"""MLflow over HTTP, or in SQLite, at a Prefect server; in SQLite without any server."""
IMPORT = "import prefect, mlflow, sklearn"
COMMANDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "monitor, MLflow over HTTP": (SERVED, ("monitor", "payments", "--as-of", "NEW")),
    "monitor, MLflow in SQLite": (LOCAL, ("monitor", "payments", "--as-of", "NEW")),
    "monitor, temporary server": (ALONE, ("monitor", "payments", "--as-of", "NEW")),
    "status, MLflow over HTTP": (SERVED, ("status",)),
    "status, MLflow in SQLite": (LOCAL, ("status",)),
    "history, MLflow in SQLite": (LOCAL, ("history", "payments")),
    "ledger, MLflow in SQLite": (LOCAL, ("ledger", "payments")),
    "--help": (ALONE, ("--help",)),
    "--version": (ALONE, ("--version",)),
    "monitor --nonsense": (ALONE, ("monitor", "--nonsense")),
}
CLOCK = {"monitor, temporary server"}


def measure(folder: Path, prefect: str, first: str, begin: str) -> dict[str, list[float]]:
    """Return the multiples of each command, one a round.

    Args:
        folder: where all state is kept.
        prefect: the API of a Prefect server.
        first: the moment of the first champion.
        begin: the moment of the first monitoring run; each takes the next minute.
    """
    with mlflow_server(folder / "mlflow") as tracking:
        places = _places(folder, prefect, tracking.url)
        for kind in places:
            _run(places[kind], "bootstrap", "payments", "--as-of", first)
        # The first of each makes the reference profile and compiles what numba has not yet.
        moments = _minutes(begin)
        multiples: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for number in range(ROUNDS + 1):
            found = _round(places, moments)
            for name, multiple in found.items() if number else ():
                multiples[name].append(multiple)
    return multiples


def _round(places: Mapping[str, Mapping[str, str]], moments: Iterator[str]) -> dict[str, float]:
    by_processor, by_clock = _seconds([sys.executable, "-c", IMPORT], places[ALONE])
    found = {}
    for name, (kind, arguments) in COMMANDS.items():
        filled = [next(moments) if word == "NEW" else word for word in arguments]
        processor, clock = _run(places[kind], *filled)
        found[name] = round(clock / by_clock if name in CLOCK else processor / by_processor, 3)
    return found


def _minutes(begin: str) -> Iterator[str]:
    """Yield moments that are runs of their own over the same window."""
    moment = datetime.fromisoformat(begin)
    while True:
        moment += timedelta(minutes=1)
        yield moment.isoformat()


def _places(folder: Path, prefect: str, tracking: str) -> dict[str, dict[str, str]]:
    """Return the environments of commands in a copy of the checkout with `engine: native`."""
    workspace = folder / "workspace"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(workspace)], check=True)
    config = workspace / "configs" / "payments.yaml"
    config.write_text(config.read_text().replace("\ndrift:\n", "\ndrift:\n  engine: native\n"))
    bare = {name: value for name, value in os.environ.items() if "PREFECT_API" not in name}
    bare.pop("MLFLOW_TRACKING_URI", None)
    common = {**bare, "DRIFTLOOP_WORKSPACE": str(workspace)}
    states = {
        kind: {**common, "DRIFTLOOP_STATE": str(folder / kind)} for kind in (SERVED, LOCAL, ALONE)
    }
    for kind in (SERVED, LOCAL):
        states[kind]["PREFECT_API_URL"] = prefect
    states[SERVED]["MLFLOW_TRACKING_URI"] = tracking
    return states


@contextmanager
def mlflow_server(folder: Path, database: str | None = None) -> Iterator[LocalServer]:
    """Yield a server of MLflow that keeps all in a folder; its log has a line for each request.

    A database that is given, as MLflow takes its address, takes the place of a file there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    stores = ("--backend-store-uri", database or f"sqlite:///{folder}/mlflow.db")
    artifacts = ("--artifacts-destination", str(folder / "artifacts"))
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    log = folder / "server.log"
    # Its job runners, which nothing here needs, take a share of the processor all the time.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *stores, *artifacts],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = LocalServer(process, f"http://127.0.0.1:{port}", output)
    try:
        while not answers(f"{server.url}/health", 2):
            if process.poll() is not None:
                raise BenchmarkError(f"MLflow ended; see {log}")
            time.sleep(0.2)
        yield server
    finally:
        server.stop()


def _run(environment: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    return _seconds([sys.executable, "-m", "flows.cli", *arguments], environment)


def _seconds(command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the processor's and the clock's seconds of a process and those it waited for."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and command[-1] != "--nonsense":
        raise BenchmarkError(f"{' '.join(command[1:])} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun
