"""Moved here."""

from driftloop.base.records import Finding, Status

_ORDER: dict[Status, int] = {"drift": 0, "warning": 1, "inconclusive": 2, "ok": 3}


def ranked(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return findings as people want to read them: drifted first, what matters most first."""
    return sorted(findings, key=lambda one: (_ORDER[one.status], -one.weight))
