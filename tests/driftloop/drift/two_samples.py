"""Drift between two data frames, tested and judged as in a run."""

from dataclasses import dataclass

import pandas as pd

from driftloop.base.findings import Finding
from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import FrameColumns
from driftloop.profiling.reference_profile import Features, build_profile

RUNS_A_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """The two samples to compare and which of their columns are features."""

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def find_drift(tables: TwoSamples, settings: DriftSettings) -> tuple[Finding, ...]:
    """Return the findings of every feature of two data frames: shares or values, and gaps."""
    features = Features(tables.numeric, tables.categorical)
    level = settings.level_of_run(RUNS_A_YEAR)
    profile = build_profile(FrameColumns(tables.reference), features, settings.effect_sizes)
    options = MeasuringOptions(settings, level / max(len(features.names), 1))
    measured = measure_features(profile, FrameColumns(tables.current), features, options)
    raw = tuple(finding for feature in measured for finding in feature.findings)
    return judge_findings(raw, JudgingCriteria(settings, level))
