"""The steps of a monitoring run: what is compared, what was found, what is to be done."""

from dataclasses import dataclass, replace
from hashlib import sha256

from driftloop.decision import decide, drift_since
from driftloop.errors import RegistryError, listed
from driftloop.examine import Examination, examine
from driftloop.performance import judge_performance, no_performance
from driftloop.periods import readable
from driftloop.records import (
    DataSlice,
    ModelVersion,
    MonitorRecord,
    Performance,
    Snapshot,
)
from driftloop.sources import FrameColumns
from driftloop.training import predict
from driftloop.triggers import Evidence, PastRun
from driftloop.verdict import judge
from driftloop.windows import ChampionReference
from tasks.factory import step
from tasks.job import Job
from tasks.models import load_model
from tasks.registry import classes_of, open_registry
from tasks.snapshots import open_snapshot
from tasks.tables import (
    broken_periods,
    examples,
    profile_of,
    read_features,
    read_labelled,
    standard,
    subject,
)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run under way: its MLflow run (None in a dry run), the champion it judges, the past."""

    run_id: str | None
    champion: ModelVersion
    history: tuple[PastRun, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    """The rows that are compared: reference and current, and those with fresh labels."""

    reference: DataSlice
    current: DataSlice
    labelled: DataSlice


def run_key(job: Job, kind: str, rev: str) -> str:
    """Return what identifies a run: doing the same again finds what was done before."""
    parts = (kind, job.model, job.as_of.isoformat(), rev, job.config_hash)
    return sha256("\n".join(parts).encode()).hexdigest()[:24]


@step("find champion", retries=2)
def open_monitor_run(job: Job, snapshot: Snapshot) -> OpenRun:
    """Return the run to fill; a run that was cut off goes on with the champion it began with.

    Raises:
        RegistryError: if the model has no champion yet.
    """
    registry = open_registry(job.workspace)
    champion = registry.champion(job.model)
    if champion is None:
        raise RegistryError(
            f"{job.model} has no champion at {job.workspace.tracking_uri}; train the first one "
            f"with 'driftloop bootstrap {job.model}'"
        )
    history = registry.past_runs(job.model, job.as_of)
    if job.dry_run:
        return OpenRun(None, champion, history)
    run = registry.open_run(
        job.model,
        "monitor",
        run_key(job, "monitor", snapshot.rev),
        f"monitor {job.model} {readable(job.as_of)}",
        {"driftloop.as_of": job.as_of.isoformat(), "driftloop.champion": champion.version},
    )
    pinned = run.data.tags["driftloop.champion"]
    if pinned != champion.version:
        champion = registry.version(job.model, pinned)
    return OpenRun(run.info.run_id, champion, history)


@step("choose windows", retries=2)
def choose_slices(job: Job, snapshot: Snapshot, champion: ModelVersion) -> Slices:
    """Return the slices to compare, from the configuration and the champion's own data.

    Raises:
        RegistryError: if the champion does not say what it was trained on.
    """
    return Slices(
        reference_slice(job, snapshot, champion),
        DataSlice(snapshot, job.window),
        DataSlice(snapshot, job.labelled_window),
    )


def reference_slice(job: Job, snapshot: Snapshot, champion: ModelVersion) -> DataSlice:
    """Return the reference rows of a champion under the configured kind of reference."""
    if champion.training is None:
        raise RegistryError(
            f"{job.model} version {champion.version} does not say what it was trained on; train a "
            f"champion with 'driftloop retrain {job.model}'"
        )
    kind = job.config.windows.reference
    if not isinstance(kind, ChampionReference):
        return DataSlice(snapshot, kind.window(job.window, champion.training.window))
    recorded = champion.training.snapshot
    found = open_snapshot(recorded.repository, recorded.rev, recorded.path)
    return replace(champion.training, snapshot=found)


@step("examine window", retries=2)
def examine_window(job: Job, slices: Slices) -> Examination:
    """Return what the quality checks and the drift tests say of the current window.

    Both come from one pass over the data; where the window holds no rows nothing is tested.
    """
    reference, current = (read_features(job, part) for part in (slices.reference, slices.current))
    return examine(profile_of(job, reference), FrameColumns(current), subject(job), standard(job))


@step("measure performance", retries=2)
def measure_performance(job: Job, slices: Slices, champion: ModelVersion) -> Performance:
    """Return the champion's realised performance on the newest rows that have labels."""
    metric, window = job.config.comparison.metric, slices.labelled.window
    table = read_labelled(job, slices.labelled)
    if table.empty:
        why = f"No labelled rows from {window}."
        return no_performance(metric, window, 0, why)
    reference = read_features(job, slices.reference)
    broken = broken_periods(job, reference, table, window)
    if broken:
        columns = listed(dict.fromkeys(check.column for check in broken[0].checks), 4)
        why = f"The feed was broken from {window} ({columns}): not scored."
        return no_performance(metric, window, len(table), why)
    registry = open_registry(job.workspace)
    classes = classes_of(registry, job.model, champion.version)
    rows = examples(job, table, classes)
    p = predict(load_model(registry, job.model, champion.version), rows.table, classes)
    return judge_performance(metric, window, (rows.y, p), champion.baseline, job.config.performance)


@step("decide")
def judge_and_decide(
    job: Job,
    run: OpenRun,
    rev: str,
    found: Examination,
    performance: Performance,
) -> MonitorRecord:
    """Return the record of the run with its verdict and decision."""
    verdict = judge(
        found.findings, found.quality, found.rows_current, job.config.drift.minimum_rows
    )
    trained = run.champion.training
    since = drift_since(job.window.start, verdict, run.history)
    evidence = Evidence(
        as_of=job.as_of,
        verdict=verdict,
        performance=performance,
        history=run.history,
        drift_since=since,
        labelled_until=job.labelled_window.end,
        champion_trained_until=trained.window.end if trained else None,
    )
    return MonitorRecord(
        model=job.model,
        as_of=job.as_of,
        rev=rev,
        dry_run=job.dry_run,
        champion=run.champion.version,
        window=job.window,
        rows_reference=found.rows_reference,
        rows_current=found.rows_current,
        verdict=verdict,
        quality=found.quality,
        findings=found.findings,
        performance=performance,
        decision=decide(evidence, found.quality, job.config.decision),
    )


@step("record run", retries=2)
def record_monitor_run(job: Job, run: OpenRun, record: MonitorRecord) -> None:
    """Store the record in MLflow, where later runs, people and reports find it."""
    if run.run_id is None:
        return
    tags = {
        "verdict": record.verdict.status,
        "action": record.decision.action,
        "quality_failed": str(bool(record.broken)).lower(),
        "performance": record.performance.status,
        "window_start": record.window.start.isoformat(),
        "rev": record.rev,
        "sentence": record.verdict.sentence[:500],
    }
    open_registry(job.workspace).close_run(
        run.run_id,
        {f"driftloop.{name}": value for name, value in tags.items()},
        _metrics(record),
        record,
    )


def _metrics(record: MonitorRecord) -> dict[str, float]:
    metrics = {
        "as_of": record.as_of.timestamp(),
        "rows_current": float(record.rows_current),
        "features_drifted": float(len({hit.name for hit in record.drifted})),
        "checks_failed": float(len(record.broken)),
    }
    if record.performance.score is not None:
        metrics[f"live_{record.performance.metric}"] = record.performance.score
    largest = max((one.effect_size or 0.0 for one in record.findings), default=None)
    return metrics if largest is None else {**metrics, "largest_effect": largest}
