"""Duration of warm monitoring runs: the flow at a server, and beside it the computation alone.

The process is started with ``PREFECT_API_URL`` and a state folder of its own; its argument names
the moments.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.paths import ROOT
from driftloop.base.environment import prepare_environment

MODEL = "payments"


def main() -> None:
    """Print the seconds of each run, by kind."""
    job: dict[str, Any] = json.loads(sys.argv[1])
    prepare_environment(Path(os.environ["DRIFTLOOP_STATE"]))
    with redirect_stdout(sys.stderr):
        found = measure(job["bootstrap"], job["warm_up"], job["moments"])
    print(json.dumps(found))


def measure(first: str, warm_up: str, moments: list[str]) -> dict[str, list[float]]:
    """Return the seconds of the flow, with and without heartbeats, and of the work that it does.

    The work is the computation and the drawing of the report.
    """
    from flows.bootstrap import bootstrap
    from flows.cli.session import command_settings

    root = str(ROOT)
    with command_settings(always=True):
        bootstrap(MODEL, as_of=first, workspace=root)  # type: ignore[arg-type]

    def quiet(moment: str) -> None:
        with command_settings(always=True):
            flow(moment)

    kinds: dict[str, Callable[[str], None]] = {
        "flow": flow,
        "without_heartbeats": quiet,
        "computation": computation,
        "without_estimates": without_estimates,
        "drawing": drawing(warm_up),
    }
    for kind in kinds.values():
        kind(warm_up)
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for moment in moments:
        for name, kind in kinds.items():
            begun = time.perf_counter()
            kind(moment)
            found[name].append(round(time.perf_counter() - begun, 3))
    return found


def flow(moment: str) -> None:
    """Run the flow as a deployment does, at the server."""
    from flows.monitor import monitor

    monitor(MODEL, as_of=moment, workspace=str(ROOT))  # type: ignore[arg-type]


def computation(moment: str) -> None:
    """Do the same steps as plain functions: read, test, score, decide; nothing is recorded."""
    _watched(moment, lambda job, run, record: None)


def without_estimates(moment: str) -> None:
    """Do the same as a champion without a holdout: no estimate, no promise, no segments' scores."""
    with patch("tasks.monitoring.realised_performance.held_out", return_value=None):
        computation(moment)


def drawing(moment: str) -> Callable[[str], None]:
    """Return what draws the report of a moment's run again; it reads and stores nothing."""
    from driftloop.reporting.run_report.inputs import ReportInput
    from driftloop.reporting.run_report.page import report_page
    from driftloop.reporting.run_report.plots import draw_figures
    from tasks.reporting.run_report import report_input

    kept: list[ReportInput] = []
    _watched(moment, lambda job, run, record: kept.append(report_input(job, run, record)))
    (report,) = kept

    def draw(_moment: str) -> None:
        report_page(replace(report, figures=draw_figures(report)))

    return draw


def _watched(moment: str, tell: Callable[[Any, Any, Any], None]) -> None:
    from flows.watch import watch
    from tasks.runtime.job import load_job
    from tasks.runtime.step import inline

    job = load_job(MODEL, moment, dry_run=True, workspace=ROOT)
    with inline():
        watch(job, lambda run, record: tell(job, run, record), _never)


def _never(_run: Any, _record: Any) -> Any:
    raise AssertionError("a dry run retrains nothing")


if __name__ == "__main__":
    main()
