"""Links to a Prefect run, an MLflow run, a model version and the runbook."""

from uuid import UUID

from prefect.runtime import flow_run

from driftloop.alerts.message import Links
from driftloop.base.errors import RegistryError
from driftloop.base.workspace import without_user
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.prefect_api import own_server


def links_of(job: Job, run_id: str | None, version: str | None) -> Links:
    """Return the links of this Prefect run, an MLflow run and a model version."""
    page = job.workspace.mlflow_page
    return Links(
        runbook=job.config.alerts.contacts.runbook,
        prefect_run=prefect_run_url(),
        mlflow_run=_mlflow_run(job, run_id) if run_id else None,
        model_version=page(f"models/{job.model}/versions/{version}") if version else None,
    )


def _mlflow_run(job: Job, run_id: str) -> str | None:
    """Return the page of a run, one without the view of model training if MLflow is away."""
    try:
        return open_registry(job.workspace).address(job.model, run_id)
    except RegistryError:  # no message waits for that
        return job.workspace.mlflow_page(f"runs/{run_id}")


def prefect_run_url(other: UUID | None = None) -> str | None:
    """Return the page of this or another Prefect run, or None on a server that ends with it."""
    from prefect.utilities.urls import url_for

    run = other or flow_run.id
    page = url_for("flow-run", obj_id=run) if own_server() and run else None
    return page and without_user(page)
