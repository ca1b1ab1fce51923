"""The steps of a monitoring run: what is compared, what was found, what is to be done."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from driftloop.base.errors import RegistryError
from driftloop.base.past_run import PastRun
from driftloop.base.periods import format_time
from driftloop.base.records import (
    ModelVersion,
    MonitorRecord,
    Performance,
    Snapshot,
    TrialOutcome,
    Verdict,
)
from driftloop.decision.after_promotion import effect_of_promotion, pending_trial
from driftloop.decision.decision import decide, drift_since
from driftloop.decision.diagnosis import diagnose
from driftloop.decision.triggers import TriggerInputs
from driftloop.decision.window_analysis import WindowAnalysis, analyse_window, verdict_of_analysis
from driftloop.drift.confirmation import DriftHistory, drifted_column_hashes
from tasks.monitoring.joint_and_prediction_drift import joint_findings, prediction_findings
from tasks.monitoring.realised_performance import Realised, realise
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.monitoring.windows import Slices
from tasks.registry.opening import open_registry
from tasks.registry.protocol import importances_of, md5_of
from tasks.runtime.clock import stamps
from tasks.runtime.job import Job
from tasks.runtime.run_links import prefect_page
from tasks.runtime.step import step
from tasks.snapshots.parquet import slice_columns

MOST_SEEN = 500
"""Marks of drifted columns that fit into a tag."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run under way: its MLflow run (None in a dry run), the champion it judges, the past.

    `batches` and `digest` say which data it reads: how many files, and one MD5 over all of them.
    """

    run_id: str | None
    champion: ModelVersion
    history: tuple[PastRun, ...]
    batches: int = 0
    digest: str = ""


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
    import skops.io  # noqa: F401 - before MLflow: it searches all modules that are loaded

    registry = open_registry(job.workspace)
    champion = registry.champion(job.model)
    if champion is None:
        raise RegistryError(
            f"{job.model} has no champion at {job.workspace.tracking_uri}; train the first one "
            f"with 'driftloop bootstrap {job.model}'"
        )
    history = registry.past_runs(job.model, job.as_of)
    data = len(snapshot.files), md5_of(snapshot)
    if job.dry_run:
        return OpenRun(None, champion, history, *data)
    run = registry.open_run(
        job.model,
        "monitor",
        run_key(job, "monitor", snapshot.rev),
        f"monitor {job.model} {format_time(job.as_of)}",
        {"driftloop.as_of": job.as_of.isoformat(), "driftloop.champion": champion.version},
    )
    pinned = run.tags["driftloop.champion"]
    if pinned != champion.version:
        champion = registry.version(job.model, pinned)
    return OpenRun(run.run_id, champion, history, *data)


@step("examine window", retries=2)
def examine_window(job: Job, run: OpenRun, slices: Slices) -> WindowAnalysis:
    """Return what the quality checks and the drift tests say of the current window.

    Both come from one pass over the data; where the window holds no rows nothing is tested.
    """
    profile = slices.profile(job)
    time, champion = job.config.data.time, run.champion
    reference, current = (
        slice_columns(part, time, job.workspace) for part in (slices.reference, slices.current)
    )
    beside = (
        *prediction_findings(job, current, champion, slices.holdout),
        *joint_findings(job, reference, current),
    )
    registry = open_registry(job.workspace)
    importances = importances_of(registry, champion.run_id)
    by = criteria(job, importances, DriftHistory.from_runs(run.history, champion.version))
    return analyse_window(profile, current, analysis_scope(job), by, beside)


@step("measure performance", retries=2)
def measure_performance(job: Job, slices: Slices, champion: ModelVersion) -> Realised:
    """Return the champion's performance on the newest rows with labels, and how those moved."""
    return realise(job, slices, champion)


@step("decide")
def judge_and_decide(
    job: Job,
    run: OpenRun,
    rev: str,
    found: WindowAnalysis,
    realised: Realised,
    trials: tuple[TrialOutcome, ...] = (),
) -> MonitorRecord:
    """Return the record of the run with its verdict and decision."""
    verdict = verdict_of_analysis(found, job.config.drift)
    since = drift_since(job.window.start, verdict, run.history)
    evidence = _evidence(job, run, verdict, realised, since, trials)
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
        performance=realised.performance,
        decision=decide(evidence, found.quality, job.config.decision),
        label=realised.label,
        troubles=diagnose(
            found.findings, found.quality, realised.performance, realised.label, since
        ),
        trials=trials,
        aftermath=effect_of_promotion(
            verdict, realised.performance, run.champion.version, run.history
        ),
    )


def _evidence(
    job: Job,
    run: OpenRun,
    verdict: Verdict,
    realised: Realised,
    since: datetime | None,
    trials: tuple[TrialOutcome, ...],
) -> TriggerInputs:
    trained = run.champion.training
    return TriggerInputs(
        as_of=job.as_of,
        verdict=verdict,
        performance=realised.performance,
        history=run.history,
        drift_since=since,
        labelled_until=job.labelled_window.end,
        champion_trained_until=trained.window.end if trained else None,
        blocked_by=pending_trial(trials),
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
        "held": record.decision.held or "",
        "window_start": record.window.start.isoformat(),
        "rev": record.rev,
        "sentence": record.verdict.sentence[:500],
        "troubles": " ".join(trouble.kind for trouble in record.troubles),
        **_score_tags(record.performance),
        "prefect_run": prefect_page() or "",
        "seen": " ".join(drifted_column_hashes(record.findings)[:MOST_SEEN]),
        **stamps(),
    }
    open_registry(job.workspace).close_run(
        run.run_id,
        tags,
        _metrics(record),
        record,
    )


def _score_tags(found: Performance) -> dict[str, str]:
    """Return the realised score as tags, which are read without opening the run."""
    if found.score is None:
        return {}
    values = {"score": found.score, "score_low": found.low, "score_high": found.high}
    told = {name: repr(value) for name, value in values.items() if value is not None}
    return {"metric": found.metric, **told}


def _metrics(record: MonitorRecord) -> dict[str, float]:
    metrics = {
        "as_of": record.as_of.timestamp(),
        "rows_current": float(record.rows_current),
        "features_drifted": float(len({hit.name for hit in record.drifted})),
        "checks_failed": float(len(record.broken)),
    }
    if record.performance.score is not None:
        metrics[f"live_{record.performance.metric}"] = record.performance.score
    largest = max((finding.effect_size or 0.0 for finding in record.findings), default=None)
    return metrics if largest is None else {**metrics, "largest_effect": largest}
