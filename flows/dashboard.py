"""The flows that look after a workspace: the dashboard of all models, and removal of the old."""

from datetime import datetime
from pathlib import Path

from prefect import flow

from driftloop.base.workspace import find_workspace
from driftloop.reporting.dashboard.rows import Dashboard
from driftloop.reporting.retention import Pruning
from flows.naming import all_models_run_name, resolve_as_of, with_words
from tasks.reporting.dashboard import gather_models, write_dashboard
from tasks.reporting.metric_inputs import configs_named
from tasks.retention.prune import prune_models


@flow(name="dashboard", flow_run_name=all_models_run_name)
def dashboard(workspace: str | None = None, output: str | None = None) -> Dashboard:
    """Write one page on all models of a workspace, with their newest reports beside it.

    Args:
        workspace: folder with `configs/`; the working directory if left out.
        output: folder for the page; `site` in the state folder if left out.
    """
    root = find_workspace(workspace)
    folder = Path(output) if output else root.state / "site"
    return write_dashboard(root, gather_models(root), folder)


@flow(name="prune", flow_run_name=all_models_run_name)
def prune(
    model: str | None = None,
    dry_run: bool = False,
    as_of: datetime | None = None,
    workspace: str | None = None,
) -> Pruning:
    """Remove what is older than the models' `retention` says; without such settings, nothing.

    Args:
        model: name of a configuration in `configs/`; all of them if left out.
        dry_run: say what would be removed, and remove nothing.
        as_of: the moment from which ages are counted; the scheduled time of the run if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    place = find_workspace(workspace)
    pruning = prune_models(place, *configs_named(place, model), resolve_as_of(as_of), dry_run)
    return with_words(pruning, pruning.sentence)
