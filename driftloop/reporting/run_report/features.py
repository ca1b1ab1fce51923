"""The features of a report: those with plots first, the others in tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from driftloop.alerts.messages.wording import count
from driftloop.base.distribution import Shape
from driftloop.base.findings import Finding, FindingStatus, by_severity
from driftloop.base.scores import format_number
from driftloop.profiling.effect_sizes import EFFECT_LABELS
from driftloop.profiling.finding_text import format_p, format_share
from driftloop.profiling.stationarity import not_stationary
from driftloop.reporting.run_report.inputs import ReportInput, plotted_findings, worst_statuses

_MOST_OPEN = 20


@dataclass(frozen=True, slots=True)
class FeaturePanel:
    """One plotted feature: its finding and what else was found of it, such as missing values."""

    finding: Finding
    shape: Shape
    status: FindingStatus
    others: tuple[Finding, ...]
    plot: str | None
    badge: str

    @property
    def details(self) -> str:
        """Effect size, test, importance and row counts in one line."""
        return finding_details(self.finding)

    @property
    def shares(self) -> list[tuple[str, bool, float, float]]:
        """Each category or range: its label, whether it is new, both shares of rows."""
        shape = self.shape
        new = {category[:80] for category in self.finding.new_categories}
        labels = shape.labels or _ranges(shape.edges)
        rows = zip(labels, shape.reference, shape.current, strict=False)
        return [(label, label in new, reference, current) for label, reference, current in rows]


def finding_details(finding: Finding) -> str:
    """Return effect size, test, importance and row counts of a finding in one line."""
    parts = []
    if finding.effect_size is not None:
        label = EFFECT_LABELS.get(finding.effect, finding.effect)
        windows = finding.floor_windows
        learned = f" learned from {count(windows, 'window')}" if windows else ""
        parts.append(f"{label} {format_number(finding.effect_size)}")
        if finding.effect_floor:
            parts[-1] += f", limit {format_number(finding.effect_floor)}{learned}"
    if finding.p_adjusted is not None:
        by = f" by {finding.engine}" if finding.engine else ""
        parts.append(f"{finding.test}{by}, adjusted p {format_p(finding.p_adjusted)}")
    if finding.importance is not None:
        parts.append(f"importance {format_share(finding.importance)}")
    if finding.unconfirmed:
        parts.append("not confirmed by enough runs yet")
    parts.append(f"{finding.rows_current:,} against {finding.rows_reference:,} values")
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Findings without a plot."""

    title: str
    findings: list[Finding]
    is_open: bool


@dataclass(frozen=True, slots=True)
class FeaturesSection:
    """The ranked features."""

    summary: str
    changed: list[FeaturePanel]
    unchanged: list[FeaturePanel]
    tables: list[FeatureTable]


def features_section(report: ReportInput) -> FeaturesSection:
    """Return the ranked features, the first ones with both distributions drawn over each other."""
    findings = report.record.findings
    plotted, statuses = plotted_findings(report.record), worst_statuses(report.record)
    panels = []
    for place, (finding, shape) in enumerate(plotted):
        beside = [other for other in findings if other.name == finding.name]
        others = tuple(other for other in beside if other is not finding and other.status != "ok")
        plot = report.figures.features.get(place)
        status = statuses[finding.name]
        badge = _badge(status, finding, report.hardly_used)
        panels.append(FeaturePanel(finding, shape, status, others, plot, badge))
    names = {finding.name for finding, _ in plotted}
    remaining = [finding for finding in by_severity(findings) if finding.name not in names]
    return FeaturesSection(
        _summary(findings),
        [panel for panel in panels if panel.status != "ok"],
        [panel for panel in panels if panel.status == "ok"],
        _tables(remaining),
    )


def _badge(status: FindingStatus, finding: Finding, hardly_used: float) -> str:
    """Return the status to show: drift of what the champion hardly uses is marked as such."""
    unused = finding.importance is not None and finding.importance < hardly_used
    return "unused" if status == "drift" and unused else status


def _summary(findings: Iterable[Finding]) -> str:
    features = [finding for finding in findings if finding.role == "feature"]
    total = len({feature.name for feature in features})
    drifted = len({feature.name for feature in features if feature.status == "drift"})
    courses = {
        f"`{feature.name}` {feature.reference_course}"
        for feature in features
        if feature.reference_course
    }
    return (
        f"{drifted} of {count(total, 'feature')} drifted. They are ranked by status, then by how "
        "much the change matters: effect size over limit, times the champion's importance."
        f"{not_stationary('The reference', sorted(courses))}"
    )


def _tables(findings: list[Finding]) -> list[FeatureTable]:
    changed = [finding for finding in findings if finding.status != "ok"]
    unchanged = [finding for finding in findings if finding.status == "ok"]
    tables = []
    if changed:
        title = f"{count(len(changed), 'more result')}, changed or not judged"
        tables.append(FeatureTable(title, changed, len(changed) <= _MOST_OPEN))
    if unchanged:
        title = f"{count(len(unchanged), 'more result')}, unchanged"
        tables.append(FeatureTable(title, unchanged, False))
    return tables


def _ranges(edges: tuple[float, ...]) -> list[str]:
    """Return the name of each range; the outer ones are open."""
    inner = [f"{_edge(low)} to {_edge(high)}" for low, high in pairwise(edges[1:-1])]
    return [f"up to {_edge(edges[1])}", *inner, f"above {_edge(edges[-2])}"]


def _edge(value: float) -> str:
    return format_number(value)
