"""Order of findings for reports."""

from driftloop.base.records import Finding, Status

_ORDER: dict[Status, int] = {"drift": 0, "warning": 1, "inconclusive": 2, "ok": 3}


def by_severity(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings, drifted ones first, most important first."""
    return sorted(findings, key=lambda finding: (_ORDER[finding.status], -finding.weight))
