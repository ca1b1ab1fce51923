"""Drift findings: control false discoveries over all tests of a run, then judge each one.

A feature has drifted only when its p-value survives the control over all tests of the run *and*
its effect size exceeds its floor, so that neither a million rows nor fifty make a false alarm.
"""

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pandas as pd

from driftloop.base.records import Finding, Status
from driftloop.drift.confirmation import Seen, confirm
from driftloop.drift.measure import Measured, Yardstick, measure_feature
from driftloop.drift.multiple_testing import adjust, thresholds
from driftloop.drift.pvalues import ks_p_value_exactly
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.binning import COMPILED_FROM
from driftloop.profiling.column_source import Columns, FrameColumns, groups
from driftloop.profiling.reference_profile import Features, Profile, build_profile

RUNS_A_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class Tables:
    """The two samples to compare and which of their columns are features."""

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """What findings are judged by.

    Args:
        settings: the drift settings.
        level: the false-discovery level of the run.
        importances: the champion's shares of importance, by feature; none where unknown.
        seen: what earlier runs saw drifting; None asks for no confirmation.
    """

    settings: DriftSettings
    level: float
    importances: Mapping[str, float] = field(default_factory=dict)
    seen: Seen | None = None


def find_drift(
    tables: Tables, settings: DriftSettings, runs_a_year: float = RUNS_A_YEAR
) -> tuple[Finding, ...]:
    """Return the findings of every feature of two data frames: shares or values, and gaps."""
    features = Features(tables.numeric, tables.categorical)
    level = settings.level_of_run(runs_a_year)
    profile = build_profile(FrameColumns(tables.reference), features, settings.measures)
    yardstick = Yardstick(settings, level / max(len(features.names), 1))
    measured = measure_all(profile, FrameColumns(tables.current), features, yardstick)
    raw = tuple(finding for feature in measured for finding in feature.findings)
    return judge_findings(raw, Standard(settings, level))


def measure_all(
    profile: Profile,
    current: Columns,
    features: Features,
    yardstick: Yardstick,
) -> tuple[Measured, ...]:
    """Return what every feature shows, read by groups of columns, on all cores where it pays."""

    def measure(names: tuple[str, ...]) -> list[Measured]:
        batch = current.batch(names)
        return [
            measure_feature(name, name in features.numeric, profile.column(name), batch, yardstick)
            for name in names
        ]

    parts = list(groups(features.names, current.rows))
    workers = cores() if current.rows >= COMPILED_FROM else 1
    if workers == 1 or len(parts) == 1:
        return tuple(measured for names in parts for measured in measure(names))
    with ThreadPoolExecutor(workers) as pool:
        return tuple(measured for found in pool.map(measure, parts) for measured in found)


def judge_findings(findings: tuple[Finding, ...], standard: Standard) -> tuple[Finding, ...]:
    """Return the findings with adjusted p-values and statuses."""
    settings, level = standard.settings, standard.level
    settled = _settle(findings, settings, level)
    p_values = [math.nan if one.p_value is None else one.p_value for one in settled]
    adjusted = adjust(p_values, settings.correction)
    judged = (
        _judge(finding, float(p), level) for finding, p in zip(settled, adjusted, strict=True)
    )
    weighed = tuple(_weighed(finding, standard) for finding in judged)
    return weighed if standard.seen is None else confirm(weighed, standard.seen, settings.confirm)


def _settle(
    findings: tuple[Finding, ...], settings: DriftSettings, level: float
) -> tuple[Finding, ...]:
    """Compute p-values exactly where an approximate one is too close to call."""
    count = sum(
        finding.p_value is not None and not math.isnan(finding.p_value) for finding in findings
    )
    cuts = thresholds(level, count, settings.correction) if count else ()
    return tuple(
        replace(
            finding,
            p_value=ks_p_value_exactly(
                finding.statistic, (finding.rows_reference, finding.rows_current)
            ),
            p_error=0.0,
        )
        if finding.p_error
        and finding.p_value is not None
        and finding.statistic is not None
        and any(abs(finding.p_value - cut) <= finding.p_error * finding.p_value for cut in cuts)
        else finding
        for finding in findings
    )


def _judge(finding: Finding, p_adjusted: float, level: float) -> Finding:
    if finding.p_value is None or finding.effect_size is None or finding.effect_floor is None:
        return finding
    if math.isnan(p_adjusted) or math.isnan(finding.effect_size):
        sentence = f"{finding.sentence} The test gave no p-value."
        return replace(finding, p_value=None, statistic=None, sentence=sentence)
    significant = p_adjusted <= level
    status: Status = "ok"
    if significant and finding.effect_size > finding.effect_floor:
        status = "drift"
    elif significant and finding.effect_size > finding.effect_floor / 2:
        status = "warning"
    return replace(finding, p_adjusted=p_adjusted, status=status)


def _weighed(finding: Finding, standard: Standard) -> Finding:
    if finding.role != "feature" or finding.name not in standard.importances:
        return finding
    return replace(finding, importance=standard.importances[finding.name])


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
