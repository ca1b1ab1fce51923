"""The outcome of a run as a sign, a word and a tone: the same in reports, timelines and tables.

Signs differ in shape, so that nobody depends on colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from driftloop.base.records import MonitorRecord
from driftloop.base.tags import RunTags

Outcome = Literal[
    "broken",
    "skewed",
    "fell",
    "changed",
    "drift",
    "falling",
    "inconclusive",
    "empty",
    "warning",
    "ok",
    "missing",
]
Tone = Literal["bad", "warn", "blind", "good", "plain"]


@dataclass(frozen=True, slots=True)
class OutcomeStyle:
    """The display of an outcome, and its meaning in a sentence."""

    sign: str
    word: str
    tone: Tone
    sentence: str

    def counted(self, number: int) -> str:
        """Return how many runs or models had this outcome, in words."""
        word = self.word if number == 1 else self.word.replace("needs", "need")
        return f"{number:,} {word}"


OUTCOME_STYLES: Mapping[Outcome, OutcomeStyle] = {
    "broken": OutcomeStyle("✖", "data broken", "bad", "A data-quality check failed."),
    "skewed": OutcomeStyle(
        "≠", "served otherwise", "bad", "What was served is not what the champion predicts."
    ),
    "fell": OutcomeStyle(
        "▼", "predictions worse", "bad", "The champion performs worse than it should."
    ),
    "changed": OutcomeStyle(
        "◆", "relation changed", "bad", "The same inputs lead to other outcomes."
    ),
    "drift": OutcomeStyle("▲", "drift", "bad", "The data drifted from the reference."),
    "falling": OutcomeStyle(
        "▽", "predictions worsen", "warn", "The champion is losing performance, or is expected to."
    ),
    "inconclusive": OutcomeStyle("?", "not judged", "blind", "There was too little data to judge."),
    "empty": OutcomeStyle("∅", "no rows", "blind", "No rows arrived."),
    "missing": OutcomeStyle("·", "no run", "plain", "There is no run."),
    "warning": OutcomeStyle("!", "needs a look", "warn", "Something is close to its limit."),
    "ok": OutcomeStyle("✓", "healthy", "good", "Nothing is wrong."),
}
TROUBLE: frozenset[Outcome] = frozenset({"broken", "skewed", "fell", "changed", "drift", "falling"})
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
    """Return the most severe outcome in a record; one with trouble is never healthy."""
    scored, verdict = record.performance, record.verdict.status
    outcome = outcome_of(verdict, bool(record.broken), scored.worst)
    if record.skewed:
        return "skewed"
    if scored.broke_promise and outcome not in ("broken", "fell"):
        return "changed"
    if outcome == "ok" and scored.doubtful:
        return "warning"
    if outcome in ("inconclusive", "warning", "ok") and record.trouble:
        expected = record.estimate is not None and record.estimate.status == "lost"
        return "falling" if expected else "warning"
    return "empty" if outcome == "inconclusive" and not record.rows_current else outcome


def outcome_of_tags(tags: RunTags) -> Outcome:
    """Return the outcome that was stored with a run; older ones stored what it follows from."""
    for outcome in OUTCOME_STYLES:
        if outcome == tags.outcome:
            return outcome
    return outcome_of(tags.verdict or "", bool(tags.quality_failed), tags.performance or "")


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
            Condition.performance: record.performance.worst == "fell",
        }[self]
