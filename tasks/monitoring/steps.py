"""Steps of a monitoring run: find the champion, analyse the window, decide, record."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from driftloop.base.data_slices import Snapshot
from driftloop.base.periods import format_time
from driftloop.base.records import MonitorRecord, TrialOutcome
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import PastRun, RunTags
from driftloop.decision.after_promotion import effect_of_promotion, pending_trial
from driftloop.decision.decision import drift_since
from driftloop.decision.judgement import JudgedRun, judge_run
from driftloop.decision.outcome import outcome_of_record
from driftloop.decision.triggers import TriggerInputs
from driftloop.decision.window_analysis import WindowAnalysis, analyse_window, verdict_of_analysis
from driftloop.decision.worth import worth_of
from driftloop.drift.confirmation import DriftHistory, drifted_column_hashes
from driftloop.drift.effect_history import effect_words
from driftloop.drift.segments import only_news
from driftloop.performance.level import doubt_of
from driftloop.promotion.ledger import Entry
from driftloop.promotion.registry_state import changes, version_words
from tasks.coordination.agreement import require_champion
from tasks.monitoring.drift_start import find_drift_start
from tasks.monitoring.joint_and_prediction_drift import joint_findings
from tasks.monitoring.realised_performance import RealisedPerformance
from tasks.monitoring.scope import analysis_scope, criteria
from tasks.monitoring.segments import segment_findings
from tasks.monitoring.served import check_logging, check_skew, served_findings
from tasks.monitoring.windows import Slices
from tasks.registry.lineage import md5_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import importances_of
from tasks.registry.run_links import prefect_run_url
from tasks.registry.skops_import import skops_io
from tasks.runtime.clock import run_time
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import slice_columns

MAX_COLUMN_HASHES = 500
"""Hashes of drifted columns that fit into a tag."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run in progress: its MLflow run (None in a dry run), the champion, and earlier runs.

    `batches` is the number of files that it reads, and `digest` one MD5 over all of them; `moved`
    is how the champion was changed without driftloop since the last run, `changed` what else was
    done to versions, which `versions` remembers for the next one.
    """

    run_id: str | None
    champion: ModelVersion
    history: tuple[PastRun, ...]
    batches: int = 0
    digest: str = ""
    moved: Entry | None = None
    versions: tuple[str, ...] = ()
    changed: str | None = None


def run_key(job: Job, kind: str, rev: str) -> str:
    """Return what identifies a run, so that a repeated run finds what the first one did."""
    kind = f"{kind} accepted" if job.accepted else kind  # what was refused before is asked again
    parts = [kind, job.model, job.as_of.isoformat(), rev, job.config_hash]
    if job.offered is not None:
        parts += [job.offered.uri, str(job.offered.trained_until)]
    return sha256("\n".join(parts).encode()).hexdigest()[:24]


@step("find champion", retries=2)
def open_monitor_run(job: Job, snapshot: Snapshot) -> OpenRun:
    """Return the run to record; one that was cut off goes on with the champion it began with.

    Raises `RegistryError` if the model has no champion yet, and `ChampionLostError` if somebody
    took the alias away.
    """
    skops_io()  # before MLflow: it searches all modules that are loaded
    registry = open_registry(job.workspace)
    champion, moved = require_champion(job)
    moved = moved if moved is not None and _is_news(job, moved) else None
    history = registry.past_runs(job.model, job.as_of)
    versions = version_words(registry.versions(job.model))
    seen = len(snapshot.files), md5_of(snapshot), moved, versions, _changed(job, versions)
    key = run_key(job, "monitor", snapshot.rev)
    if job.dry_run:
        judged = registry.run_with_key(job.model, key)  # the run that it repeats
        if judged is not None and judged.tags.champion:
            champion = registry.version(job.model, judged.tags.champion)
        return OpenRun(None, champion, history, *seen)
    opening = RunTags(kind="monitor", key=key, as_of=job.as_of, champion=champion.version)
    run = registry.open_run(job.model, f"monitor {job.model} {format_time(job.as_of)}", opening)
    pinned = run.tags.champion
    if pinned is not None and pinned != champion.version:
        champion = registry.version(job.model, pinned)
    return OpenRun(run.run_id, champion, history, *seen)


def _changed(job: Job, versions: tuple[str, ...]) -> str | None:
    """Return what others did to versions since the last run, as of an earlier moment."""
    earlier = open_registry(job.workspace).finished(job.model, "monitor", 1, job.as_of)
    before = earlier[0].tags.versions if earlier else None
    return None if before is None else changes(before, versions)


def _is_news(job: Job, moved: Entry) -> bool:
    """Say whether no run as of an earlier moment has ended since the champion was moved.

    Where people promote by hand, it is none.
    """
    if job.config.promotion.mode.next_step(job.as_of).step == "report":
        return False
    earlier = open_registry(job.workspace).finished(job.model, "monitor", 1, job.as_of)
    ended = earlier[0].tags.recorded_at if earlier else None
    return ended is None or ended < moved.at


@step("examine window", retries=2)
def examine_window(job: Job, run: OpenRun, slices: Slices) -> WindowAnalysis:
    """Return the results of the quality checks and the drift tests on the current window.

    Both come from one pass over the data; an empty window is not tested.
    """
    profile, registry = slices.profile(job), open_registry(job.workspace)
    time, champion = job.config.data.time, run.champion
    reference, current = (
        slice_columns(part, time, job.workspace) for part in (slices.reference, slices.current)
    )
    extra_findings = (
        *served_findings(job, current, champion, slices.holdout),
        *joint_findings(job, reference, current),
    )
    importances = importances_of(registry, champion.run_id)
    by = criteria(job, importances, DriftHistory.from_runs(run.history, champion.version))
    extra_findings += segment_findings(job, profile, reference, current, by)
    analysis = analyse_window(profile, current, analysis_scope(job), by, extra_findings)
    served = check_logging(job, current, champion, slices.holdout)
    quality = (*analysis.quality, *served, *check_skew(job, current, champion))
    findings = only_news(analysis.findings, importances)
    return replace(analysis, quality=quality, findings=findings)


def look_back(
    job: Job, snapshot: Snapshot, run: OpenRun, analysis: WindowAnalysis
) -> datetime | None:
    """Return when drift began that the first run of a champion finds, or None without any.

    Later runs know it from earlier ones.
    """
    known = any(past.champion == run.champion.version for past in run.history)
    drifted = verdict_of_analysis(analysis, job.config.drift).status == "drift"
    return find_drift_start(job, snapshot, run.champion) if drifted and not known else None


@step("decide")
def judge_and_decide(
    job: Job,
    run: OpenRun,
    rev: str,
    analysis: WindowAnalysis,
    realised: RealisedPerformance,
    trials: tuple[TrialOutcome, ...] = (),
    began: datetime | None = None,
) -> MonitorRecord:
    """Return the record of the run with its verdict and decision; `began` is of `look_back`."""
    analysis = _with_labels(analysis, realised)
    verdict, performance = verdict_of_analysis(analysis, job.config.drift), realised.performance
    since = drift_since(began or job.window.start, verdict, run.history)
    trained = run.champion.training
    inputs = TriggerInputs(
        as_of=job.as_of,
        verdict=verdict,
        performance=performance,
        history=run.history,
        drift_since=since,
        labelled_until=job.labelled_window.end,
        champion_trained_until=trained.window.end if trained else None,
        blocked_by=pending_trial(trials),
        estimate=realised.estimate,
        trained_here=job.config.trained_here,
    )
    about = JudgedRun(job.model, rev, job.dry_run, run.champion.version, job.window)
    record = judge_run(about, analysis, inputs, job.config.decision, realised.label)
    currency = job.config.value.currency if job.config.value else ""
    worth = worth_of(performance, run.champion.version, run.history, job.as_of, currency)
    return replace(
        record,
        trials=trials,
        served_estimate=realised.served_estimate,
        business=realised.business,
        aftermath=effect_of_promotion(verdict, performance, run.champion.version, run.history),
        moved=run.moved.sentence if run.moved else None,
        changed=run.changed,
        doubt=doubt_of(run.champion.version, run.champion.baseline, performance),
        worth=worth.worth,
        balance=worth.balance,
    )


def _with_labels(analysis: WindowAnalysis, realised: RealisedPerformance) -> WindowAnalysis:
    """Return the analysis with what is wrong with the classes of the labels."""
    if realised.fault:
        analysis = replace(analysis, quality=(*analysis.quality, realised.fault))
    if realised.unknown:
        analysis = replace(analysis, findings=(*analysis.findings, realised.unknown))
    return analysis


@step("record run", retries=2)
def record_monitor_run(job: Job, run: OpenRun, record: MonitorRecord) -> None:
    """Store the record in MLflow, for later runs, people and reports."""
    if run.run_id is None:
        return
    tags = run_tags(record, run_key(job, "monitor", record.rev), run.versions)
    open_registry(job.workspace).close_run(run.run_id, tags, _metrics(record), record)


def run_tags(record: MonitorRecord, key: str, versions: tuple[str, ...] = ()) -> RunTags:
    """Return what later runs, people and pages read of a run, which has this key.

    `versions` are those that it saw.
    """
    scored = record.performance.score is not None
    recorded_at, seconds = run_time()
    promise = record.performance.promise
    return RunTags(
        kind="monitor",
        key=key,
        as_of=record.as_of,
        champion=record.champion,
        verdict=record.verdict.status,
        action=record.decision.action,
        quality_failed=bool(record.broken),
        performance=record.performance.status,
        held=record.decision.held or "",
        window_start=record.window.start,
        rev=record.rev,
        outcome=outcome_of_record(record),
        since=record.since,
        headline=record.headline[:500],
        sentence=record.verdict.sentence[:500],
        troubles=tuple(trouble.kind for trouble in record.troubles),
        metric=record.performance.metric if scored else None,
        score=record.performance.score,
        score_low=record.performance.low if scored else None,
        score_high=record.performance.high if scored else None,
        score_rows=record.performance.rows if scored else None,
        value=record.performance.value,
        balance=record.balance,
        level=record.performance.level,
        estimated=record.estimate.score if record.estimate else None,
        promise=promise.gap if promise else None,
        broken=(promise.broken or None) if promise else None,
        relation=promise.change if promise else None,
        gap=record.performance.gap,
        skill=record.performance.skill,
        segments=record.performance.scores_of_segments or None,
        lost_segments=record.performance.lost_segments or None,
        prefect_run=prefect_run_url() or "",
        seen=tuple(drifted_column_hashes(record.findings)[:MAX_COLUMN_HASHES]),
        effects=effect_words(record.findings),
        versions=versions or None,
        business=tuple(
            f"{figure.name}={figure.value!r}" for figure in record.business if figure.known
        )
        or None,
        recorded_at=recorded_at,
        seconds=seconds,
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
    if record.estimate is not None and record.estimate.score is not None:
        metrics[f"estimated_{record.estimate.metric}"] = record.estimate.score
    largest = max((finding.effect_size or 0.0 for finding in record.findings), default=None)
    return metrics if largest is None else {**metrics, "largest_effect": largest}
