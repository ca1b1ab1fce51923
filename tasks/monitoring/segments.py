"""Segments of a job: drift and realised performance by the columns that it names."""

from dataclasses import replace

import pandas as pd

from driftloop.base.findings import Finding, Performance
from driftloop.drift.judge import JudgingCriteria
from driftloop.drift.segments import measure_segments
from driftloop.performance.estimates.base import HeldOut
from driftloop.performance.level import TrackRecord
from driftloop.performance.realised import PerformanceSettings
from driftloop.performance.segment_rows import segments_of
from driftloop.performance.segments import SHARE, ScoredRows, judge_segments
from driftloop.profiling.reference_profile import Profile
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
    """Return how the whole window is judged: segments take their share of the budgets from it."""
    settings = job.config.performance
    if not job.config.segments:
        return settings
    left = {
        name: (1 - SHARE) * getattr(settings, name) for name in ("alarm_budget", "warning_budget")
    }
    return settings.model_copy(update=left)


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
        config.performance,
        performance.margin or 0.0,
        record,
    )
    return replace(performance, segments=judged)
