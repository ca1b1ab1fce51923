"""Analysis of a window: data-quality checks and drift findings from a single pass over it."""

from dataclasses import dataclass
from pathlib import Path

from driftloop.base.findings import Finding, QualityFinding, Verdict
from driftloop.decision.verdict import judge_window
from driftloop.drift.judge import JudgingCriteria, judge_findings, measure_features
from driftloop.drift.measure import FeatureMeasurement, MeasuringOptions
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import Columns
from driftloop.profiling.reference_profile import Features, Profile
from driftloop.quality.base import QualityCheck, QualityInputs
from driftloop.quality.checks import check_quality


@dataclass(frozen=True, slots=True)
class AnalysisScope:
    """The features of a model, its quality checks, its key column, and its workspace's folder."""

    features: Features
    checks: tuple[QualityCheck, ...]
    key: str | None = None
    root: Path = Path()


@dataclass(frozen=True, slots=True)
class WindowAnalysis:
    """The findings on a window, and the rows that they are based on."""

    quality: tuple[QualityFinding, ...]
    findings: tuple[Finding, ...]
    rows_reference: int
    rows_current: int


def analyse_window(
    profile: Profile,
    current: Columns,
    scope: AnalysisScope,
    criteria: JudgingCriteria,
    extra_findings: tuple[Finding, ...] = (),
) -> WindowAnalysis:
    """Return the judged findings on a window; only those on quality where it has no rows.

    `profile` is that of the reference; `extra_findings` are measured ones, such as on the
    predictions, that are judged together with those of the features.
    """
    rows = profile.rows, current.rows
    if current.rows == 0:
        return WindowAnalysis(check_quality(QualityInputs(current, {}), scope.checks), (), *rows)
    chance = criteria.level / max(len(scope.features.names), 1)
    options = MeasuringOptions(criteria.settings, chance, seasonal=criteria.seasonal)
    measured = measure_features(profile, current, scope.features, options)
    raw = tuple(finding for feature in measured for finding in feature.findings)
    return WindowAnalysis(
        check_quality(_sample(current, measured, scope), scope.checks),
        judge_findings((*raw, *extra_findings), criteria),
        *rows,
    )


def check_window_quality(
    profile: Profile, current: Columns, scope: AnalysisScope, criteria: JudgingCriteria
) -> tuple[QualityFinding, ...]:
    """Return the findings of the quality checks on a window, without testing it for drift."""
    options = MeasuringOptions(criteria.settings, criteria.level, summaries_only=True)
    measured = measure_features(profile, current, scope.features, options)
    return check_quality(_sample(current, measured, scope), scope.checks)


def verdict_of_analysis(analysis: WindowAnalysis, settings: DriftSettings) -> Verdict:
    """Return the verdict on an analysed window."""
    return judge_window(
        analysis.findings,
        analysis.quality,
        analysis.rows_current,
        settings.minimum_rows,
        settings.minimum_importance,
    )


def _sample(
    current: Columns, measured: tuple[FeatureMeasurement, ...], scope: AnalysisScope
) -> QualityInputs:
    summaries = {feature.summary.name: feature.summary for feature in measured}
    return QualityInputs(current, summaries, scope.key, scope.root)
