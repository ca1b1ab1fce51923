"""The flow that writes the dashboard of all models."""

from pathlib import Path

from prefect import flow

from driftloop.base.workspace import find_workspace
from driftloop.reporting.dashboard.rows import Dashboard
from flows.naming import all_models_run_name
from tasks.reporting.dashboard import gather_models, write_dashboard


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
