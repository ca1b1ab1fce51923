"""One look at a window: data-quality checks and drift findings from a single pass over it."""

from dataclasses import dataclass

from driftloop.base.records import Finding, QualityFinding, Verdict
from driftloop.decision.verdict import judge
from driftloop.drift.judge import Standard, judge_findings, measure_all
from driftloop.drift.measure import Measured, Yardstick
from driftloop.drift.settings import DriftSettings
from driftloop.profiling.column_source import Columns
from driftloop.profiling.reference_profile import Features, Profile
from driftloop.quality.checks import QualityCheck, Sample, check_quality


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: the features of a model, its quality checks and its key column."""

    features: Features
    checks: tuple[QualityCheck, ...]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """What a window shows, and how many rows that rests on."""

    quality: tuple[QualityFinding, ...]
    findings: tuple[Finding, ...]
    rows_reference: int
    rows_current: int


def examine(
    profile: Profile,
    current: Columns,
    subject: Subject,
    standard: Standard,
    beside: tuple[Finding, ...] = (),
) -> Examination:
    """Return the judged findings of a window; none but of quality where it holds no rows.

    Args:
        profile: the reference.
        current: the columns of the window.
        subject: which features and checks.
        standard: settings, level, importances and what earlier runs saw.
        beside: measured findings that are judged together with those of the features, such as of
            the predictions.
    """
    rows = profile.rows, current.rows
    if current.rows == 0:
        return Examination(check_quality(Sample(current, {}), subject.checks), (), *rows)
    chance = standard.level / max(len(subject.features.names), 1)
    yardstick = Yardstick(standard.settings, chance)
    measured = measure_all(profile, current, subject.features, yardstick)
    raw = tuple(finding for one in measured for finding in one.findings)
    return Examination(
        check_quality(_sample(current, measured, subject), subject.checks),
        judge_findings((*raw, *beside), standard),
        *rows,
    )


def check_window_quality(
    profile: Profile, current: Columns, subject: Subject, standard: Standard
) -> tuple[QualityFinding, ...]:
    """Return what the quality checks say of a window, without testing it for drift."""
    yardstick = Yardstick(standard.settings, standard.level, glances_only=True)
    measured = measure_all(profile, current, subject.features, yardstick)
    return check_quality(_sample(current, measured, subject), subject.checks)


def window_verdict(
    profile: Profile, current: Columns, subject: Subject, standard: Standard
) -> Verdict:
    """Return the verdict on any window against a reference."""
    examination = examine(profile, current, subject, standard)
    return verdict_of(examination, standard.settings)


def verdict_of(found: Examination, settings: DriftSettings) -> Verdict:
    """Return the verdict on an examined window."""
    return judge(
        found.findings,
        found.quality,
        found.rows_current,
        settings.minimum_rows,
        settings.minimum_importance,
    )


def _sample(current: Columns, measured: tuple[Measured, ...], subject: Subject) -> Sample:
    glances = {one.glance.name: one.glance for one in measured}
    return Sample(current, glances, subject.key)
