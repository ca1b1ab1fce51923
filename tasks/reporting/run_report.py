"""The report of a monitoring run: composed from its record and from tags, kept with the run."""

from dataclasses import dataclass, replace

from driftloop.alerts.incident import AlertState
from driftloop.alerts.links import Links
from driftloop.alerts.messages.wording import NO_LINKS
from driftloop.base.records import MonitorRecord, RetrainRecord
from driftloop.reporting.json.convert import replay_command
from driftloop.reporting.run_page.page import REPORT_FILE, report_page
from driftloop.reporting.run_page.past import Episode, RunPoint, point_of_tags
from driftloop.reporting.run_page.source import Lineage, ReportInput
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.monitoring.steps import OpenRun
from tasks.registry.ledger import read_ledger
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry, own_tags, version_of_tags
from tasks.reporting.run_report_plots import draw_pictures
from tasks.runtime.job import Job, code_version
from tasks.runtime.run_links import links_of
from tasks.runtime.step import step

MOST_PAST = 120


@step("write report", retries=2)
def write_report(job: Job, run: OpenRun, record: MonitorRecord) -> str | None:
    """Store the report with the run and return the page that shows it, if a server does.

    A dry run keeps none.
    """
    if job.dry_run or run.run_id is None:
        return None
    source = report_input(job, run, record)
    page = report_page(replace(source, pictures=draw_pictures(source)))
    registry = open_registry(job.workspace)
    registry.log(run.run_id, files={REPORT_FILE: page})
    return registry.address(job.model, run.run_id, REPORT_FILE)


@dataclass(slots=True)
class Reporter:
    """Writes the report of one run, and remembers why it could not.

    A report that fails keeps nobody from being told, and no retraining from being started.
    """

    job: Job
    failure: str | None = None
    links: Links = NO_LINKS

    def write(self, run: OpenRun, record: MonitorRecord) -> str | None:
        """Write the report, anew if there is one, and return its address if it has one."""
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
        """Write the report anew with what came of a retraining, which is returned."""
        self.write(run, replace(record, retrain=outcome))
        return outcome


def report_input(job: Job, run: OpenRun, record: MonitorRecord) -> ReportInput:
    """Return what the report of a run is made of; no data are read for it."""
    registry = open_registry(job.workspace)
    run_id = run.run_id or ""
    versions = registry.versions(job.model)
    links = links_of(job, run.run_id, record.champion)
    moment = record.as_of.isoformat()
    return ReportInput(
        record=record,
        past=past_points(registry, job),
        ledger=read_ledger(registry, job.model),
        episodes=episodes_of(read_alerts(open_documents(job.workspace), job.model)),
        labelled_until=job.labelled_window.end,
        label_delay=str(job.config.data.label_delay),
        margin=job.config.performance.margin,
        baselines=_baselines(registry, job, versions),
        lineage=Lineage(_lineage(job, run, record, versions)),
        links=links,
        replay=replay_command(record),
        fetch=f"driftloop report {job.model} --as-of {moment}",
        run_id=run_id,
        description=job.config.description,
    )


def past_points(registry: Registry, job: Job) -> tuple[RunPoint, ...]:
    """Return the monitoring runs before the job's moment, oldest first."""
    runs = registry.finished(job.model, "monitor", MOST_PAST, job.as_of)
    return tuple(point_of_tags(run.run_id, own_tags(run.tags)) for run in reversed(runs))


def episodes_of(alerts: AlertState) -> tuple[Episode, ...]:
    """Return the incidents of a model, oldest first, the open one last."""
    over = [Episode(one.opened_at, one.resolved_at, one.peak_severity) for one in alerts.past]
    going_on = alerts.open
    if going_on is not None:
        over.append(Episode(going_on.opened_at, None, going_on.severity))
    return tuple(over)


def _baselines(
    registry: Registry, job: Job, versions: dict[str, dict[str, str]]
) -> dict[str, float]:
    """Return each version's score on its holdout, where it is of the metric that is watched."""
    found = {}
    for version, tags in versions.items():
        baseline = version_of_tags(job.model, version, "", tags).baseline
        if baseline is not None and baseline.metric == job.config.comparison.metric:
            found[version] = baseline.value
    return found


def _lineage(
    job: Job, run: OpenRun, record: MonitorRecord, versions: dict[str, dict[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the way from the data to this run, as pairs of what it is and which one."""
    rows = [("Data commit of this run", record.rev)]
    rows += [
        ("Data folder", f"{job.config.data.path} in {_repository(job)}"),
        ("Batches and their digest", f"{run.batches} files, md5 {run.digest}"),
    ]
    rows += _version_rows(f"Version {record.champion}", versions.get(record.champion, {}))
    rows.append(("Version that was judged", f"{job.model} version {record.champion}"))
    rows.append(("Trained by run", run.champion.run_id or "unknown"))
    if run.run_id is not None:
        rows.append(("This run in MLflow", run.run_id))
    if record.retrain is not None and record.retrain.challenger is not None:
        challenger = record.retrain.challenger
        rows += _version_rows(f"Challenger {challenger}", versions.get(challenger, {}))
        rows.append(("Challenger trained by run", record.retrain.run_id or "unknown"))
    rows.append(("Configuration", f"configs/{job.model}.yaml, hash {job.config_hash}"))
    rows.append(("driftloop", code_version()))
    return tuple(rows)


def _repository(job: Job) -> str:
    """Return the repository as it is configured: where it lies on this machine tells nobody."""
    named = job.config.data.repository
    return "this repository" if named == "." else named


def _version_rows(who: str, tags: dict[str, str]) -> list[tuple[str, str]]:
    trained = version_of_tags("", "", "", tags)
    if trained.training is None or trained.holdout is None:
        return []
    digest = own_tags(tags).get("data.md5", "unknown")
    return [
        (f"{who}: data", f"{trained.training.snapshot.rev}, md5 {digest}"),
        (f"{who}: trained on", f"{trained.training.window}, {trained.training.rows:,} rows"),
        (f"{who}: holdout", str(trained.holdout)),
    ]
