"""Runs and models that a killed process left unfinished in MLflow; the next run closes them.

A run says which process works on it. One whose process is gone is closed at once where that can be
seen, on the same machine, and after two days elsewhere. Closing one is undone by whoever goes on
with it: at its end it is finished, as any other.
"""

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from driftloop.base.tags import RunTags

if TYPE_CHECKING:
    from mlflow import MlflowClient

LONGEST = timedelta(days=2)
_MOST = 100


def this_process() -> str:
    """Return what tells this process from any other, also from one that gets its number later."""
    import psutil  # type: ignore[import-untyped]

    own = psutil.Process()
    return f"{socket.gethostname()} {own.pid} {own.create_time():.2f}"


def close_unfinished(client: "MlflowClient", experiment: str, own: str) -> None:
    """Close what others than the run `own` left unfinished in an experiment."""
    running = client.search_runs([experiment], "attributes.status = 'RUNNING'", max_results=_MOST)
    for run in running:
        holder = run.data.tags.get(RunTags.tag_name("process"), "")
        if run.info.run_id != own and _is_gone(holder, run.info.start_time):
            close_models(client, experiment, run.info.run_id)
            client.set_terminated(run.info.run_id, "KILLED")


def close_models(client: "MlflowClient", experiment: str, run_id: str) -> dict[str, str]:
    """Close the models that a run began to store and did not; return those it stored, by name."""
    of_run = f"source_run_id = '{run_id}'"
    models = client.search_logged_models([experiment], filter_string=of_run, max_results=_MOST)
    ready = {}
    for model in models:
        status = str(model.status).upper()
        if status.endswith("READY"):
            ready[str(model.name)] = str(model.model_id)
        elif status.endswith("PENDING"):
            client.finalize_logged_model(model.model_id, "FAILED")
    return ready


def _is_gone(holder: str, started: int) -> bool:
    """Say whether the process that works on a run is gone, as far as can be known here."""
    import psutil

    host, number, created = [*holder.split(), "", "", ""][:3]
    if host != socket.gethostname():
        return datetime.now(UTC) - datetime.fromtimestamp(started / 1000, UTC) > LONGEST
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" != created
    except psutil.NoSuchProcess:
        return True
