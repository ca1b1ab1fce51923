"""What labels tell once they have arrived: realised performance, and whether their shares moved."""

from dataclasses import dataclass, replace

import pandas as pd

from driftloop.base.errors import DataError, TrainingError, join_names
from driftloop.base.records import DataSlice, Finding, ModelVersion, Performance
from driftloop.performance.estimation import estimated_score
from driftloop.performance.realised import judge_performance, no_performance
from driftloop.training.training import threshold_of
from tasks.monitoring.joint_and_prediction_drift import label_finding, probabilities
from tasks.monitoring.predict import forecast
from tasks.monitoring.tables import broken_periods, read_labelled
from tasks.monitoring.windows import Slices, trained_on
from tasks.registry.models import model_of
from tasks.registry.opening import open_registry
from tasks.registry.protocol import target_of
from tasks.runtime.job import Job
from tasks.snapshots.parquet import slice_columns


@dataclass(frozen=True, slots=True)
class Realised:
    """The champion's performance on fresh labels, and how these are distributed."""

    performance: Performance
    label: Finding | None = None


def realise(job: Job, slices: Slices, champion: ModelVersion) -> Realised:
    """Return what the newest rows with labels tell; nothing where their feed was broken."""
    metric, window = job.config.comparison.metric, slices.labelled.window
    table = read_labelled(job, slices.labelled)
    if table.empty:
        return Realised(no_performance(metric, window, 0, f"No labelled rows from {window}."))
    broken = broken_periods(job, slices.profile(job), table, window)
    if broken:
        columns = join_names(dict.fromkeys(check.column for check in broken[0].checks), 4)
        why = f"The feed was broken from {window} ({columns}): not scored."
        return Realised(no_performance(metric, window, len(table), why))
    performance = _scored(job, table, slices, champion)
    label = label_finding(job, table, trained_on(champion)) if champion.training else None
    return Realised(performance, label)


def _scored(job: Job, table: pd.DataFrame, slices: Slices, champion: ModelVersion) -> Performance:
    at = forecast(job, champion.version, table)
    performance = judge_performance(
        job.config.comparison.metric,
        slices.labelled.window,
        (at.y, at.p),
        champion.baseline,
        job.config.performance,
        at.threshold,
    )
    if performance.status != "fell" or performance.estimated is None or slices.holdout is None:
        return performance
    return replace(
        performance, estimated=performance.estimated - _optimism(job, slices.holdout, champion)
    )


def _optimism(job: Job, holdout: DataSlice, champion: ModelVersion) -> float:
    """Return how much more the champion promised on its holdout than it scored there.

    A model that is too sure of itself always promises too much; only what it promises beyond
    that speaks of a changed relation.
    """
    registry = open_registry(job.workspace)
    target = target_of(registry, job.model, champion.version)
    model = model_of(job, champion.version)
    columns = slice_columns(holdout, job.config.data.time, job.workspace)
    try:
        p = probabilities(job, model, target, columns)
    except (DataError, TrainingError):
        return 0.0
    promised = estimated_score(job.config.comparison.metric, p, threshold_of(model))
    scored = champion.baseline.value if champion.baseline else float("nan")
    optimism = promised - scored
    return optimism if optimism == optimism else 0.0
