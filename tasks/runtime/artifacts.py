"""Artifacts of a run in the Prefect UI: a summary, a table, links."""

import os
import re

from driftloop.alerts.message import Links
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.reporting.fleet import Fleet, fleet_table
from driftloop.reporting.prefect_summary import (
    MOST_ROWS,
    findings_table,
    retrain_markdown,
    run_markdown,
)
from tasks.runtime.job import Job
from tasks.runtime.step import step


@step("show run", retries=1)
def show_run(job: Job, record: MonitorRecord, links: Links) -> None:
    """Show a monitoring run's summary and findings in the Prefect UI."""
    if not has_server():
        return
    from prefect.artifacts import create_markdown_artifact, create_table_artifact

    create_markdown_artifact(
        run_markdown(record, links),
        key=artifact_key(job.model, "run"),
        description=record.headline[:500],
    )
    create_table_artifact(
        findings_table(record),
        key=artifact_key(job.model, "findings"),
        description=f"Findings on {record.rows_current:,} rows, most severe first.",
    )
    _link(job, links)


@step("show retraining", retries=1)
def show_retraining(job: Job, record: RetrainRecord, links: Links) -> None:
    """Show a retraining's summary in the Prefect UI."""
    if not has_server():
        return
    from prefect.artifacts import create_markdown_artifact

    create_markdown_artifact(
        retrain_markdown(record, links),
        key=artifact_key(job.model, "retraining"),
        description=record.sentence[:500],
    )


@step("show fleet", retries=1)
def show_fleet(record: Fleet) -> None:
    """Show what became of each model of a fleet in the Prefect UI."""
    if not has_server():
        return
    from prefect.artifacts import create_table_artifact

    rows = fleet_table((record.worth_showing or record.models)[:MOST_ROWS])
    create_table_artifact(
        rows, key=artifact_key("fleet", record.select), description=record.headline
    )


def artifact_key(model: str, what: str) -> str:
    """Return an artifact's key, which holds lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", f"{model}-{what}".lower()).strip("-")


def has_server() -> bool:
    """Return whether this is a flow run of a server that outlives the run."""
    from prefect.context import FlowRunContext

    return bool(os.environ.get("PREFECT_API_URL")) and FlowRunContext.get() is not None


def _link(job: Job, links: Links) -> None:
    from prefect.artifacts import create_link_artifact

    if links.report:
        what, address = "report", links.report
        about = f"The report of this run of {job.model}, stored with it in MLflow."
    elif links.mlflow_run:
        what, address = "mlflow", links.mlflow_run
        about = f"This run of {job.model} in MLflow."
    else:
        return
    key = artifact_key(job.model, what)
    create_link_artifact(address, key=key, link_text=about, description=about)
