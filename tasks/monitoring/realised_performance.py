"""Realised performance on labels that have arrived, and whether the label itself has drifted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.findings import Finding, Performance, QualityFinding
from driftloop.base.records import ModelVersion
from driftloop.base.scores import Score
from driftloop.base.tags import PastRun
from driftloop.performance.estimation import estimated_score
from driftloop.performance.evidence import at_confidence
from driftloop.performance.level import (
    TrackRecord,
    held_level,
    remembered_level,
    scores_of,
    track_record,
)
from driftloop.performance.realised import judge_performance, no_performance
from driftloop.performance.target import Target
from driftloop.profiling.finding_text import format_share
from driftloop.training.training import threshold_of
from tasks.monitoring.joint_and_prediction_drift import label_findings, probabilities
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import broken_periods, label_fault, read_labelled
from tasks.monitoring.windows import Slices, trained_on
from tasks.registry.lineage import target_of
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import slice_columns


@dataclass(frozen=True, slots=True)
class RealisedPerformance:
    """The champion's performance on fresh labels, and the findings on the label itself.

    `unknown` is on classes that the champion cannot predict, `fault` a failed check of the classes.
    """

    performance: Performance
    label: Finding | None = None
    unknown: Finding | None = None
    fault: QualityFinding | None = None


@step("measure performance", retries=2)
def measure_performance(
    job: Job, slices: Slices, champion: ModelVersion, history: tuple[PastRun, ...] = ()
) -> RealisedPerformance:
    """Return the performance on the newest labelled rows, no score where their feed was broken.

    `history` has earlier runs, newest first: what they saw held is expected of later champions.
    """
    metric, memory = job.config.comparison.metric, job.config.performance.memory
    known = remembered_level(history, metric, job.as_of, memory)
    now = job.as_of, job.config.windows.current
    earlier = track_record(history, champion.version, metric, now, known)
    realised = _measured(job, slices, champion, earlier)
    performance = realised.performance
    if performance.score is None:
        return replace(realised, performance=replace(performance, level=known))
    scores = performance.score, *scores_of(history, champion.version, metric)
    margin = performance.margin or 0.0
    level = held_level(scores, champion.baseline, known, (metric, job.as_of), margin)
    return replace(realised, performance=replace(performance, level=level))


def _measured(
    job: Job, slices: Slices, champion: ModelVersion, earlier: TrackRecord
) -> RealisedPerformance:
    metric, window = job.config.comparison.metric, slices.labelled.window
    table = read_labelled(job, slices.labelled)
    if table.empty:
        return RealisedPerformance(
            no_performance(metric, window, 0, f"No labelled rows from {window}.")
        )
    broken = broken_periods(job, slices.profile(job), table, window)
    if broken:
        columns = join_names(dict.fromkeys(check.column for check in broken[0].checks), 4)
        why = f"The feed was broken from {window} ({columns}): not scored."
        return RealisedPerformance(no_performance(metric, window, len(table), why))
    target = target_of(open_registry(job.workspace), job.model, champion.version)
    fault = label_fault(job, table, target)
    if fault is not None:
        why = f"{fault.sentence} Not scored."
        return RealisedPerformance(no_performance(metric, window, len(table), why), fault=fault)
    performance = _scored(job, table, slices, champion, target, earlier)
    if champion.training is None:
        return RealisedPerformance(performance)
    return RealisedPerformance(performance, *label_findings(job, table, trained_on(champion)))


def _scored(
    job: Job,
    table: pd.DataFrame,
    slices: Slices,
    champion: ModelVersion,
    target: Target,
    earlier: TrackRecord,
) -> Performance:
    scored = predict_version(job, champion.version, table, target)
    performance = judge_performance(
        job.config.comparison.metric,
        slices.labelled.window,
        (scored.y, scored.p),
        _baseline(job, champion),
        job.config.performance,
        scored.threshold,
        earlier,
    )
    if scored.unknown:
        performance = _without_unknown(performance, scored.unknown, len(table))
    if performance.status != "fell" or performance.estimated is None or slices.holdout is None:
        return performance
    return replace(
        performance, estimated=performance.estimated - _optimism(job, slices.holdout, champion)
    )


def _baseline(job: Job, champion: ModelVersion) -> Score | None:
    """Return the champion's score on its holdout, at the confidence of realised performance."""
    before, now = job.config.comparison.confidence, job.config.performance.confidence
    return champion.baseline and at_confidence(champion.baseline, before, now)


def _without_unknown(
    performance: Performance, unknown: Mapping[str, int], rows: int
) -> Performance:
    """Say which rows were not scored; a score without them does not show that all is well."""
    share, known = format_share(sum(unknown.values()) / rows), performance.sentence
    left_out = f"Not scored: {share} of {rows:,} rows, of classes unknown to the champion"
    known = f"On known classes, {known[0].lower()}{known[1:]}"
    sentence = f"{known} {left_out} ({join_names(unknown, 3)})."
    status = "unclear" if performance.status == "ok" else performance.status
    return replace(performance, status=status, sentence=sentence)


def _optimism(job: Job, holdout: DataSlice, champion: ModelVersion) -> float:
    """Return the champion's estimated score on its holdout minus its score there.

    The estimate of an overconfident model is always too high; only what it is too high beyond that
    is evidence of concept drift.
    """
    target = target_of(open_registry(job.workspace), job.model, champion.version)
    model = model_of(job, champion.version)
    columns = slice_columns(holdout, job.config.data.time, job.workspace)
    try:
        p = probabilities(job, model, target, columns)
    except (DataError, TrainingError):
        return 0.0
    estimated = estimated_score(job.config.comparison.metric, p, threshold_of(model))
    scored = champion.baseline.value if champion.baseline else float("nan")
    return 0.0 if math.isnan(estimated - scored) else estimated - scored
