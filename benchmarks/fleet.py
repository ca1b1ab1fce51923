"""Fleets of generated models at a real Prefect server and MLflow over HTTP: what each model costs.

What is measured is kept after each fleet and not measured again, so that a benchmark that was cut
off goes on where it was. Each fleet monitors a week of its own.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.fleet_models import TRAINED, make_models, moment, troubled
from benchmarks.machine import sentence
from benchmarks.paths import CACHE, DOCS, ROOT
from benchmarks.process_tree import ProcessTree
from benchmarks.starts import mlflow_server
from tasks.runtime.servers.local_server import LocalServer, start_server

KEPT = DOCS / "fleet.json"
COUNTS = (10, 100, 1000)
FIRST = "first week"
WAYS: Mapping[str, tuple[str, ...]] = {
    FIRST: ("--processes", "3"),  # makes the profiles of the references
    "three processes": ("--processes", "3"),
    "one Dask worker": ("--processes", "1", "--on", "dask"),
    "two Dask workers": ("--processes", "2", "--on", "dask"),
}
"""Ways to run a fleet, in the order of the weeks."""

_REQUEST = re.compile(rb'"(?:GET|POST|PUT|PATCH|DELETE) /\S* HTTP')


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers, whose logs have a line for each request."""

    prefect: LocalServer
    mlflow: LocalServer
    logs: Mapping[str, Path]

    def requests(self) -> dict[str, int]:
        """Return the requests so far, by server."""
        return {name: len(_REQUEST.findall(log.read_bytes())) for name, log in self.logs.items()}


def run(counts: list[int], ways: list[str], rows: int) -> None:
    """Measure what is not kept yet, and keep it in docs/benchmarks/fleet.json."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"fleets": {}}
    for count in counts:
        known = kept["fleets"].setdefault(f"{count} x {rows}", {})
        missing = [way for way in WAYS if way in (FIRST, *ways) and way not in known]
        if not missing:
            continue
        folder = CACHE / "fleet" / f"{count}-{rows}"
        with _servers(folder) as (servers, variables):
            make_models(folder / "models", count, rows, variables)
            for way in missing:
                known[way] = {**_measured(folder, count, way, servers, variables)}
                kept["machine"] = sentence()
                KEPT.write_text(json.dumps(kept, indent=2) + "\n")
                print(f"{count} models, {way}: {json.dumps(known[way])}", flush=True)


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Servers, dict[str, str]]]:
    os.environ["PREFECT_SERVER_LOGGING_LEVEL"] = "INFO"  # a line for each request
    with mlflow_server(folder / "mlflow") as mlflow:
        prefect = start_server(folder / "prefect")
        try:
            prefect.wait()
            logs = {"prefect": folder / "prefect", "mlflow": folder / "mlflow"}
            found = {name: log / "server.log" for name, log in logs.items()}
            variables = {
                **os.environ,
                "PREFECT_API_URL": prefect.api_url,
                "MLFLOW_TRACKING_URI": mlflow.url,
                "DRIFTLOOP_HOME": str(ROOT),
            }
            yield Servers(prefect, mlflow, found), variables
        finally:
            prefect.stop()


def _measured(
    folder: Path, count: int, way: str, servers: Servers, variables: Mapping[str, str]
) -> dict[str, Any]:
    # Another second is another run over the same window: one that was cut off can be done again.
    tried = timedelta(seconds=time.time() % 86_400 // 1)
    as_of = moment(TRAINED + 1 + [*WAYS].index(way)) + tried
    command = [sys.executable, "-m", "flows.cli", "fleet", "--as-of", as_of.isoformat(), "--json"]
    command += ["-w", str(folder / "models"), *WAYS[way]]
    before = servers.requests()
    process = subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    at = {name: getattr(servers, name).process.pid for name in ("prefect", "mlflow")}
    with (
        ProcessTree(process.pid) as fleet,
        ProcessTree(at["prefect"], memory=False) as prefect,
        ProcessTree(at["mlflow"], memory=False) as mlflow,
    ):
        out, told = process.communicate()
    record = _record_of(out, told)
    after = servers.requests()
    models = [model for model in record["models"] if model["result"] == "monitored"]
    if len(models) != count:
        raise BenchmarkError(f"{len(models)} of {count} models were monitored in this fleet")
    outcomes = [model["outcome"] for model in models]
    found = {"prefect": prefect.seconds, "mlflow": mlflow.seconds, "fleet": fleet.seconds}
    return {
        "wall": round(record["seconds"], 1),
        "processor": {name: round(seconds, 1) for name, seconds in found.items()},
        "models": round(sum(model["processor_seconds"] for model in models), 1),
        "busy": round(sum(model["seconds"] for model in models), 1),
        "peak_gb": round(fleet.peak_bytes / 1e9, 2),
        "requests": {name: after[name] - before[name] for name in after},
        "outcomes": {name: outcomes.count(name) for name in sorted({*outcomes})},
        "troubled": troubled(count),
    }


def _record_of(out: bytes, told: bytes) -> dict[str, Any]:
    """Return what a fleet printed; model in which a model failed cannot be compared with others.

    Raises:
        BenchmarkError: with what went wrong first.
    """
    record: dict[str, Any] = json.loads(out) if out.strip() else {"models": []}
    errors = [f"{model['model']}: {model['error']}" for model in record["models"] if model["error"]]
    if errors or not record["models"]:
        raise BenchmarkError(f"the fleet failed: {(errors or [told.decode()[-600:]])[0]}")
    return record
