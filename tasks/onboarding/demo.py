"""The set-up of the demo, and its comparison with a model that is never retrained."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import driftloop
from driftloop.alerts.channels.page import PageChannel
from driftloop.base.environment import prepare_environment
from driftloop.base.errors import SnapshotError
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import STATE_VARIABLE, VARIABLE, Workspace, make_state

if TYPE_CHECKING:
    from tasks.runtime.job import Job

ROOT = Path(driftloop.__file__).parents[1]
_SECRETS = (
    *("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL"),
    *("DRIFTLOOP_PUSHGATEWAY_URL", "DRIFTLOOP_METRICS_FOLDER"),
)


def prepare_demo() -> Workspace:
    """Return the checkout as a workspace with a fresh state of its own, apart from real use.

    Environment settings that point at real services are dropped, so that the demo alerts nobody.
    """
    state = ROOT / ".driftloop" / "demo"
    for name in ("artifacts", "prefect", "reports"):  # Prefect keeps the incidents of last time
        shutil.rmtree(state / name, ignore_errors=True)
    for file in (*state.glob("mlflow.db*"), *state.glob("alerts.*")):
        file.unlink()
    for name in _SECRETS:
        os.environ.pop(name, None)
    os.environ[STATE_VARIABLE] = str(state)
    os.environ[VARIABLE] = str(ROOT)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    os.environ["PREFECT_HOME"] = str(state / "prefect")
    prepare_environment(state)
    make_state(state.parent)
    make_state(state)
    return Workspace(ROOT)


def pull_data(workspace: Workspace) -> None:
    """Pull the data of the commit from the DVC remote into the cache and the folder.

    Raises:
        SnapshotError: if DVC cannot.
    """
    command = [sys.executable, "-m", "dvc", "pull"]  # with --quiet it hides its errors too
    result = subprocess.run(  # noqa: S603 - a fixed command
        command, cwd=workspace.root, capture_output=True, text=True, check=False
    )
    if result.returncode:
        reason = " ".join(result.stderr.split())[-300:]
        raise SnapshotError(f"'dvc pull' failed in {workspace.root}: {reason}")


def warm_up() -> None:
    """Import the slow libraries while the server starts."""
    from tasks.registry.skops_import import skops_io

    skops_io()


def send_logs() -> None:
    """Flush waiting log records while the server is up; later Prefect would only warn."""
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()


def keep_reports(workspace: Workspace, model: str) -> dict[datetime, Path]:
    """Write each run's report beside the page of alerts, and return the paths by moment.

    The page then links to them, relative to itself, and no longer to the server that ends.
    """
    from driftloop.reporting.run_report.page import REPORT_FILE
    from tasks.alerts.senders.page import PageSender, link_reports
    from tasks.registry.opening import open_registry
    from tasks.reporting.history import MOST_SEARCHED, write_page

    registry, reports, links = open_registry(workspace), {}, {}
    for run in registry.finished(model, "monitor", MOST_SEARCHED):
        name = f"reports/{model}/{run.tags.as_of:%Y-%m-%d}.html"
        content = registry.file(run.run_id, REPORT_FILE)
        if content is not None:
            reports[run.tags.as_of] = workspace.state / name
            write_page(workspace.state / name, content)
            links[run.tags.prefect_run or ""] = name

    link_reports(PageSender(PageChannel(), workspace.state / PageChannel().path), links)
    return reports


def scores_with_and_without_loop(
    job: "Job", records: Sequence[MonitorRecord]
) -> list[tuple[float, float]]:
    """Return for each run the scores of the version that served then and of the first version."""
    from tasks.backtest.scores import score_with_all_labels

    first = records[0].champion
    scores = []
    for record in records:
        loop, frozen = score_with_all_labels.fn(job, record.window, (record.champion, first))
        scores.append((loop, frozen))
    return scores
