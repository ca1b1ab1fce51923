"""Realised performance on labels that have arrived, and whether the label itself has drifted."""

import math
from dataclasses import dataclass, replace

import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.findings import Finding, Performance
from driftloop.base.records import ModelVersion
from driftloop.performance.estimation import estimated_score
from driftloop.performance.realised import judge_performance, no_performance
from driftloop.training.training import threshold_of
from tasks.monitoring.joint_and_prediction_drift import label_finding, probabilities
from tasks.monitoring.predict import predict_version
from tasks.monitoring.tables import broken_periods, read_labelled
from tasks.monitoring.windows import Slices, trained_on
from tasks.registry.lineage import target_of
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.parquet import slice_columns


@dataclass(frozen=True, slots=True)
class RealisedPerformance:
    """The champion's performance on fresh labels, and the finding on the label itself."""

    performance: Performance
    label: Finding | None = None


@step("measure performance", retries=2)
def measure_performance(job: Job, slices: Slices, champion: ModelVersion) -> RealisedPerformance:
    """Return the performance on the newest labelled rows, no score where their feed was broken."""
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
    performance = _scored(job, table, slices, champion)
    label = label_finding(job, table, trained_on(champion)) if champion.training else None
    return RealisedPerformance(performance, label)


def _scored(job: Job, table: pd.DataFrame, slices: Slices, champion: ModelVersion) -> Performance:
    scored = predict_version(job, champion.version, table)
    performance = judge_performance(
        job.config.comparison.metric,
        slices.labelled.window,
        (scored.y, scored.p),
        champion.baseline,
        job.config.performance,
        scored.threshold,
    )
    if performance.status != "fell" or performance.estimated is None or slices.holdout is None:
        return performance
    return replace(
        performance, estimated=performance.estimated - _optimism(job, slices.holdout, champion)
    )


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
