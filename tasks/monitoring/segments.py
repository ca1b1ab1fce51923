"""Parts of a job's window: drift and realised performance by segments and served versions."""

from dataclasses import replace

import pandas as pd

from driftloop.base.findings import Finding, Performance
from driftloop.drift.judge import JudgingCriteria
from driftloop.drift.segments import measure_segments
from driftloop.performance.estimates.base import HeldOut
from driftloop.performance.level import TrackRecord
from driftloop.performance.parts.segment_rows import segments_of
from driftloop.performance.parts.segments import SHARE, ScoredRows, judge_segments
from driftloop.performance.parts.versions import judge_versions
from driftloop.performance.realised import PerformanceSettings
from driftloop.profiling.reference_profile import Profile
from driftloop.training.served import ServedPredictions
from tasks.monitoring.predict import LabelledPredictions
from tasks.monitoring.sampling import sampled_rows
from tasks.runtime.job import Job
from tasks.snapshots.parquet import ParquetColumns

MOST_ROWS = 20_000
"""Rows of the reference and of the window that segments are compared on."""


def segment_findings(
    job: Job,
    profile: Profile,
    reference: ParquetColumns,
    current: ParquetColumns,
    by: JudgingCriteria,
) -> tuple[Finding, ...]:
    """Return the measured findings in segments; none where the configuration names no column."""
    config = job.config
    if not config.segments or current.rows < config.drift.minimum_rows:
        return ()
    features = config.features.by_type
    names = tuple(dict.fromkeys((*features.names, *config.segments)))
    before, now = (
        pd.concat(sampled_rows(side, names, MOST_ROWS), ignore_index=True)
        for side in (reference, current)
    )
    return measure_segments((before, now), config.segments, features, profile, by)


def settings_of_whole(job: Job) -> PerformanceSettings:
    """Return how the whole window is judged: its parts take their share of the budgets from it."""
    return _with_budgets(job, 1 - SHARE) if _parts(job) else job.config.performance


def _parts(job: Job) -> int:
    """Return by how many kinds of parts a window is judged: segments, and served versions."""
    return bool(job.config.segments) + (job.config.version_column is not None)


def _with_budgets(job: Job, share: float) -> PerformanceSettings:
    settings = job.config.performance
    names = ("alarm_budget", "warning_budget")
    return settings.model_copy(update={name: share * getattr(settings, name) for name in names})


def with_versions(
    job: Job,
    performance: Performance,
    scored: LabelledPredictions,
    table: pd.DataFrame,
    record: TrackRecord,
) -> Performance:
    """Return the performance with that of each version that served; as it is without a log."""
    column, served = job.config.version_column, isinstance(scored.model, ServedPredictions)
    if column not in table.columns or not served or performance.score is None:
        return performance
    judged = judge_versions(
        performance.metric,
        ScoredRows(scored.y, scored.p, scored.threshold),
        table.loc[scored.features.index, column],
        _with_budgets(job, 1 / _parts(job)),
        performance.margin or 0.0,
        record.windows_a_year,
    )
    return replace(performance, versions=judged)


def with_segments(
    job: Job,
    performance: Performance,
    scored: LabelledPredictions,
    table: pd.DataFrame,
    holdout: HeldOut | None,
    record: TrackRecord,
) -> Performance:
    """Return the performance with that of each segment; the holdout says what is expected there."""
    config = job.config
    if not config.segments or holdout is None or performance.score is None:
        return performance
    now = table.loc[scored.features.index]
    least = config.performance.minimum_rows
    segments = segments_of(holdout.others, now, config.segments, least)
    judged = judge_segments(
        config.comparison.metric,
        ScoredRows(holdout.y, holdout.p, scored.threshold),
        ScoredRows(scored.y, scored.p, scored.threshold),
        segments,
        _with_budgets(job, 1 / _parts(job)),
        performance.margin or 0.0,
        record,
    )
    return replace(performance, segments=judged)
