"""Conditions on which ``driftloop monitor --fail-on`` fails."""

from enum import StrEnum

from driftloop.base.records import MonitorRecord


class Condition(StrEnum):
    """A finding that ``--fail-on`` can request a failure for."""

    drift = "drift"
    quality = "quality"
    performance = "performance"
    inconclusive = "inconclusive"

    def met(self, record: MonitorRecord) -> bool:
        """Return whether a run found it."""
        return {
            Condition.drift: record.verdict.status == "drift",
            Condition.inconclusive: record.verdict.status == "inconclusive",
            Condition.quality: bool(record.broken),
            Condition.performance: record.performance.status == "fell",
        }[self]
