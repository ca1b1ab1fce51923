"""Realised performance on labels that have arrived, and whether the label itself has drifted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from driftloop.base.errors import join_names
from driftloop.base.findings import EstimatedPerformance, Finding, Performance, QualityFinding
from driftloop.base.records import BusinessValue
from driftloop.base.retrain_record import ModelVersion
from driftloop.base.tags import PastRun
from driftloop.performance.estimates.base import HeldOut
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
from tasks.monitoring.business import business_values
from tasks.monitoring.estimated_performance import (
    baseline_of,
    estimate_current,
    estimate_served,
    held_out,
    with_promise,
)
from tasks.monitoring.joint_and_prediction_drift import label_findings
from tasks.monitoring.predict import predict_model, predict_served
from tasks.monitoring.segments import settings_of_whole, with_segments, with_versions
from tasks.monitoring.tables import broken_periods, label_fault, read_labelled
from tasks.monitoring.windows import Slices, trained_on
from tasks.registry.lineage import target_for
from tasks.registry.models import compared_model_of, model_of
from tasks.runtime.job import Job
from tasks.runtime.step import step


@dataclass(frozen=True, slots=True)
class RealisedPerformance:
    """The champion's performance on fresh labels, and the findings on the label itself.

    `unknown` is on classes that the champion cannot predict, `fault` a failed check of the classes,
    `estimate` the performance on the current window, whose labels may not be there yet, and
    `served_estimate` the same from what was served, `business` figures of the labelled window.
    """

    performance: Performance
    label: Finding | None = None
    unknown: Finding | None = None
    fault: QualityFinding | None = None
    estimate: EstimatedPerformance | None = None
    served_estimate: EstimatedPerformance | None = None
    business: tuple[BusinessValue, ...] = ()


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
    holdout = held_out(job, slices, champion)
    realised = _measured(job, slices, champion, earlier, holdout)
    apart = slices.labelled.window.end <= slices.current.window.start
    known_now = earlier.after(realised.performance) if apart else earlier
    estimate = estimate_current(job, slices, champion, holdout, known_now)
    served = estimate_served(job, slices, champion, holdout, known_now)
    figures = business_values(job, slices.labelled)
    realised = replace(realised, estimate=estimate, served_estimate=served, business=figures)
    performance = realised.performance
    if performance.score is None:
        return replace(realised, performance=replace(performance, level=known))
    scores = performance.score, *scores_of(history, champion.version, metric)
    margin = performance.margin or 0.0
    level = held_level(scores, champion.baseline, known, (metric, job.as_of), margin)
    return replace(realised, performance=replace(performance, level=level))


def _measured(
    job: Job,
    slices: Slices,
    champion: ModelVersion,
    earlier: TrackRecord,
    holdout: HeldOut | None,
) -> RealisedPerformance:
    metric, window = job.config.comparison.metric, slices.labelled.window
    table = read_labelled(job, slices.labelled, model_of(job, champion.version))
    if table.empty:
        return RealisedPerformance(
            no_performance(metric, window, 0, f"No labelled rows from {window}.")
        )
    broken = broken_periods(job, slices.profile(job), table, window)
    if broken:
        columns = join_names(dict.fromkeys(check.column for check in broken[0].checks), 4)
        why = f"The feed was broken from {window} ({columns}): not scored."
        return RealisedPerformance(no_performance(metric, window, len(table), why))
    target = target_for(job, champion.version)
    fault = label_fault(job, table, target)
    if fault is not None:
        why = f"{fault.sentence} Not scored."
        return RealisedPerformance(no_performance(metric, window, len(table), why), fault=fault)
    performance = _scored(job, table, slices, champion, target, earlier, holdout)
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
    holdout: HeldOut | None,
) -> Performance:
    scored = predict_served(job, champion.version, table, target)
    performance = judge_performance(
        job.config.comparison.metric,
        slices.labelled.window,
        (scored.y, scored.p),
        baseline_of(job, champion),
        settings_of_whole(job),
        scored.threshold,
        earlier,
        None if holdout is None else holdout.y,
    )
    value = job.config.value
    if value is not None and performance.score is not None:
        performance = replace(performance, value=scored.worth(value))
    model = compared_model_of(job, champion.version)
    same = model is scored.model  # unless what serves was refitted
    promised = scored if same else predict_model(job, model, table, target)
    performance = with_promise(job, performance, promised, holdout, earlier)
    performance = with_segments(job, performance, scored, table, holdout, earlier)
    performance = with_versions(job, performance, scored, table, earlier)
    if scored.unknown:
        performance = _without_unknown(performance, scored.unknown, len(table))
    return performance


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
