"""Judging: control of false discoveries over all tests of a run, then a status for each finding.

A feature has drifted only when its p-value survives the control over all tests of the run *and*
its effect size exceeds its floor, so that neither a million rows nor fifty raise a false alarm.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from driftloop.base.findings import Finding, FindingStatus
from driftloop.base.parallel import available_cores, in_order
from driftloop.base.scores import number
from driftloop.drift.confirmation import DriftHistory, confirm
from driftloop.drift.measure import FeatureMeasurement, MeasuringOptions, measure_feature
from driftloop.drift.multiple_testing import adjust_p_values, rejection_thresholds
from driftloop.drift.pvalues import scipy_ks_p_value
from driftloop.drift.settings import DriftSettings
from driftloop.drift.tails import TAILS
from driftloop.profiling.binning import COMPILED_MIN_ROWS
from driftloop.profiling.column_source import Columns, column_groups
from driftloop.profiling.effect_sizes import EFFECT_LABELS
from driftloop.profiling.reference_profile import Features, Profile


@dataclass(frozen=True, slots=True)
class JudgingCriteria:
    """The criteria that findings are judged by.

    Args:
        settings: the drift settings.
        level: the false-discovery level of the run.
        importances: the champion's shares of importance, by feature; none where unknown.
        history: drift seen in earlier runs; None requires no confirmation.
        seasonal: whether the reference is the same part of several cycles.
    """

    settings: DriftSettings
    level: float
    importances: Mapping[str, float] = field(default_factory=dict)
    history: DriftHistory | None = None
    seasonal: bool = False


def measure_features(
    profile: Profile,
    current: Columns,
    features: Features,
    options: MeasuringOptions,
) -> tuple[FeatureMeasurement, ...]:
    """Return the measurement of every feature, read in groups of columns, on all cores if large."""

    numeric = frozenset(features.numeric)

    def measure(names: tuple[str, ...]) -> list[FeatureMeasurement]:
        batch = current.batch(names)
        return [
            measure_feature(name, name in numeric, profile.column(name), batch, options)
            for name in names
        ]

    groups = list(column_groups(features.names, current.rows))
    workers = available_cores() if current.rows >= COMPILED_MIN_ROWS and len(groups) > 1 else 1
    return tuple(measured for group in in_order(measure, groups, workers) for measured in group)


def judge_findings(findings: tuple[Finding, ...], criteria: JudgingCriteria) -> tuple[Finding, ...]:
    """Return the findings with adjusted p-values and statuses."""
    settings, level = criteria.settings, criteria.level
    settled = _settle(findings, settings, level)
    p_values = [math.nan if finding.p_value is None else finding.p_value for finding in settled]
    adjusted = adjust_p_values(p_values, settings.correction)
    judged = (
        _judge(finding, float(p), level) for finding, p in zip(settled, adjusted, strict=True)
    )
    weighed = _without_known_tails([_weighed(finding, criteria) for finding in judged])
    if criteria.history is None:
        return weighed
    return confirm(weighed, criteria.history, settings.confirm)


def _without_known_tails(findings: list[Finding]) -> tuple[Finding, ...]:
    """Leave out the tails of features that another test names: they are part of that change."""
    named = {
        finding.name
        for finding in findings
        if finding.test != TAILS and finding.status in ("drift", "warning", "small")
    }
    return tuple(f for f in findings if f.test != TAILS or f.name not in named)


def _settle(
    findings: tuple[Finding, ...], settings: DriftSettings, level: float
) -> tuple[Finding, ...]:
    """Compute p-values exactly where an approximate one is too close to call."""
    count = sum(
        finding.p_value is not None and not math.isnan(finding.p_value) for finding in findings
    )
    limits = rejection_thresholds(level, count, settings.correction) if count else ()
    return tuple(
        replace(
            finding,
            p_value=scipy_ks_p_value(
                finding.statistic, (finding.rows_reference, finding.rows_current)
            ),
            p_error=0.0,
        )
        if finding.p_error
        and finding.p_value is not None
        and finding.statistic is not None
        and any(
            abs(finding.p_value - limit) <= finding.p_error * finding.p_value for limit in limits
        )
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
    status: FindingStatus = "small" if significant else "ok"
    if significant and finding.effect_size > finding.effect_floor:
        status = "drift"
    elif significant and finding.effect_size > finding.effect_floor / 2:
        status = "warning"
    sentence = finding.sentence
    if significant and finding.floor_windows:
        label = EFFECT_LABELS.get(finding.effect, finding.effect)
        sentence += (
            f" {label[0].upper()}{label[1:]} {number(finding.effect_size)}, limit "
            f"{number(finding.effect_floor)} learned from {finding.floor_windows} windows."
        )
    return replace(finding, p_adjusted=p_adjusted, status=status, sentence=sentence)


def _weighed(finding: Finding, criteria: JudgingCriteria) -> Finding:
    if finding.role != "feature" or finding.name not in criteria.importances:
        return finding
    return replace(finding, importance=criteria.importances[finding.name])
