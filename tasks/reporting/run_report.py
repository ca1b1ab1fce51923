"""The report of a monitoring run: built from its record and from tags, stored with the run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from driftloop.alerts.message import Links
from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.base.tags import VersionTags
from driftloop.reporting.run_report.inputs import ReportInput
from driftloop.reporting.run_report.page import REPORT_FILE, report_page
from driftloop.reporting.run_report.past_runs import episodes_of, point_of_tags
from driftloop.reporting.run_report.plots import draw_figures
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.monitoring.steps import OpenRun
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.run_links import links_of
from tasks.runtime.job import Job, code_version
from tasks.runtime.step import step

MOST_PAST = 120


@step("write report", retries=2)
def write_report(job: Job, run: OpenRun, record: MonitorRecord) -> str | None:
    """Store the report with the run and return its address, if a server has one.

    A dry run stores none.
    """
    if job.dry_run or run.run_id is None:
        return None
    report = report_input(job, run, record)
    page = report_page(replace(report, figures=draw_figures(report)))
    registry = open_registry(job.workspace)
    registry.log(run.run_id, files={REPORT_FILE: page})
    return registry.address(job.model, run.run_id, REPORT_FILE)


@dataclass(slots=True)
class Reporter:
    """Writes the report of one run, and keeps the reason if that fails.

    A report that fails blocks neither alerts nor a retraining.
    """

    job: Job
    failure: str | None = None
    links: Links = NO_LINKS

    def write(self, run: OpenRun, record: MonitorRecord) -> str | None:
        """Write the report, replacing an earlier one, and return its address if it has one."""
        self.links = links_of(self.job, run.run_id, record.champion)
        state = write_report(self.job, run, record, return_state=True)
        if not state.is_completed():
            self.failure = state.message or "it ended early"
            return None
        self.failure = None
        address: str | None = state.result()
        self.links = replace(self.links, report=address)
        return address

    def retrained(
        self, run: OpenRun, record: MonitorRecord, outcome: RetrainRecord
    ) -> RetrainRecord:
        """Write the report again with the outcome of a retraining, and return the outcome."""
        self.write(run, replace(record, retrain=outcome))
        return outcome


def report_input(job: Job, run: OpenRun, record: MonitorRecord) -> ReportInput:
    """Return the input of a run's report; no data are read for it."""
    registry = open_registry(job.workspace)
    versions = registry.versions(job.model)
    past = registry.finished(job.model, "monitor", MOST_PAST, job.as_of)
    metric = job.config.comparison.metric
    return ReportInput(
        record=record,
        past=tuple(point_of_tags(run.run_id, run.tags) for run in reversed(past)),
        ledger=read_ledger(registry, job.model),
        episodes=episodes_of(read_alerts(open_documents(job.workspace), job.model)),
        labelled_until=job.labelled_window.end,
        label_delay=str(job.config.data.label_delay),
        baselines={
            version: tags.score.value
            for version, tags in versions.items()
            if tags.score is not None and tags.score.metric == metric
        },
        lineage=_lineage(job, run, record, versions),
        links=links_of(job, run.run_id, record.champion),
        run_id=run.run_id or "",
        description=job.config.description,
        hardly_used=job.config.drift.minimum_importance,
    )


def _lineage(
    job: Job, run: OpenRun, record: MonitorRecord, versions: Mapping[str, VersionTags]
) -> tuple[tuple[str, str], ...]:
    configured = job.config.data.repository
    # As configured: its path on this machine would mean nothing.
    repository = "this repository" if configured == "." else configured
    rows = [
        ("Data commit of this run", record.rev),
        ("Data folder", f"{job.config.data.path} in {repository}"),
        ("Batches and their digest", f"{run.batches} files, md5 {run.digest}"),
    ]
    rows += _version_rows(f"Version {record.champion}", versions.get(record.champion))
    rows.append(("Monitored version", f"{job.model} version {record.champion}"))
    rows.append(("Trained by run", run.champion.run_id or "unknown"))
    if run.run_id is not None:
        rows.append(("This run in MLflow", run.run_id))
    if record.retrain is not None and record.retrain.challenger is not None:
        challenger = record.retrain.challenger
        rows += _version_rows(f"Challenger {challenger}", versions.get(challenger))
        rows.append(("Challenger trained by run", record.retrain.run_id or "unknown"))
    rows.append(("Configuration", f"configs/{job.model}.yaml, hash {job.config_hash}"))
    rows.append(("driftloop", code_version()))
    return tuple(rows)


def _version_rows(label: str, tags: VersionTags | None) -> list[tuple[str, str]]:
    training = tags.training if tags else None
    if tags is None or training is None or tags.holdout is None:
        return []
    return [
        (f"{label}: data", f"{training.snapshot.rev}, md5 {tags.md5 or 'unknown'}"),
        (f"{label}: trained on", f"{training.window}, {training.rows:,} rows"),
        (f"{label}: holdout", str(tags.holdout)),
    ]
