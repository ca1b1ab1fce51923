"""The outcome of a run as a sign, a word and a tone: the same in reports, timelines and tables.

Signs differ in shape, so that nobody depends on colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from driftloop.base.records import MonitorRecord

Outcome = Literal["broken", "fell", "drift", "falling", "inconclusive", "warning", "ok", "missing"]
Tone = Literal["bad", "warn", "blind", "good", "plain"]


@dataclass(frozen=True, slots=True)
class OutcomeStyle:
    """The display of an outcome, and its meaning in a sentence."""

    sign: str
    word: str
    tone: Tone
    sentence: str


OUTCOME_STYLES: Mapping[Outcome, OutcomeStyle] = {
    "broken": OutcomeStyle("✖", "data broken", "bad", "A data-quality check failed."),
    "fell": OutcomeStyle(
        "▼", "predictions worse", "bad", "The champion performs worse than it should."
    ),
    "drift": OutcomeStyle("▲", "drift", "bad", "The data drifted from the reference."),
    "falling": OutcomeStyle(
        "▽", "predictions worsen", "warn", "The champion is losing performance."
    ),
    "inconclusive": OutcomeStyle("?", "not judged", "blind", "There was too little data to judge."),
    "missing": OutcomeStyle("·", "no run", "plain", "There is no run."),
    "warning": OutcomeStyle("!", "close to a limit", "warn", "Something is close to its limit."),
    "ok": OutcomeStyle("✓", "healthy", "good", "Nothing is wrong."),
}
MOST_SEVERE_FIRST: tuple[Outcome, ...] = tuple(OUTCOME_STYLES)
"""All outcomes, most severe first."""


def outcome_of(verdict: str, quality_failed: bool, performance: str) -> Outcome:
    """Return the most severe outcome of a run; an unknown verdict counts as not judged."""
    if quality_failed:
        return "broken"
    if performance == "fell":
        return "fell"
    if performance == "falling" and verdict != "drift":
        return "falling"
    known: dict[str, Outcome] = {"ok": "ok", "warning": "warning", "drift": "drift"}
    return known.get(verdict, "inconclusive")


def outcome_of_record(record: MonitorRecord) -> Outcome:
    """Return the most severe outcome in a record."""
    return outcome_of(record.verdict.status, bool(record.broken), record.performance.status)


class Condition(StrEnum):
    """A condition on which ``driftloop monitor --fail-on`` fails."""

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
