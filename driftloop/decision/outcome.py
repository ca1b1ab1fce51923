"""How a run ended, in a sign, a word and a tone: the same in reports, strips and tables.

Signs differ in shape, so that colour is never what tells them apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from driftloop.base.records import MonitorRecord

Outcome = Literal["broken", "fell", "drift", "inconclusive", "warning", "ok", "missing"]
Tone = Literal["bad", "warn", "blind", "good", "plain"]


@dataclass(frozen=True, slots=True)
class OutcomeStyle:
    """How an outcome is shown, and what it means in a sentence."""

    sign: str
    word: str
    tone: Tone
    sentence: str


OUTCOME_STYLES: Mapping[Outcome, OutcomeStyle] = {
    "broken": OutcomeStyle("✖", "data broken", "bad", "A data-quality check failed."),
    "fell": OutcomeStyle(
        "▼", "predictions worse", "bad", "The champion predicts worse than it should."
    ),
    "drift": OutcomeStyle("▲", "drift", "bad", "The data moved away from the reference."),
    "inconclusive": OutcomeStyle("?", "not judged", "blind", "There was too little to judge."),
    "missing": OutcomeStyle("·", "no run", "plain", "There is no run."),
    "warning": OutcomeStyle("!", "close to a limit", "warn", "Something is close to its limit."),
    "ok": OutcomeStyle("✓", "healthy", "good", "Nothing is wrong."),
}
MOST_SEVERE_FIRST: tuple[Outcome, ...] = tuple(OUTCOME_STYLES)
"""All outcomes, the gravest first."""


def outcome_of(verdict: str, quality_failed: bool, performance: str) -> Outcome:
    """Return the gravest thing a run found; what is not known counts as not judged."""
    if quality_failed:
        return "broken"
    if performance == "fell":
        return "fell"
    known: dict[str, Outcome] = {"ok": "ok", "warning": "warning", "drift": "drift"}
    return known.get(verdict, "inconclusive")


def outcome_of_record(record: MonitorRecord) -> Outcome:
    """Return the gravest thing that a record holds."""
    return outcome_of(record.verdict.status, bool(record.broken), record.performance.status)
