"""The chapters of the demo data: what happens in which week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

START = date(2026, 1, 5)
"""Monday on which week 0 begins."""

WEEKS = 26
"""Number of weekly batches in the whole history."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A run of consecutive weeks in which the same thing is going on (both ends included)."""

    name: str
    first_week: int
    last_week: int
    what_happens: str
    expected: str


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "opening",
        0,
        9,
        "Everyday payments; fraud is mostly large, late payments outside the EEA.",
        "Weeks 0-7 serve as the reference; after them no drift, keep the model.",
    ),
    Chapter(
        "outage",
        10,
        10,
        "The acquirer is down in the week of the St Joseph holiday; about 55 payments get through.",
        "Too few rows to judge: no verdict on drift and no retraining.",
    ),
    Chapter(
        "service restored",
        11,
        11,
        "The acquirer is back and payments look as they did before.",
        "No drift, keep the model.",
    ),
    Chapter(
        "broken feed",
        12,
        12,
        "The feed sends amounts in cents and loses about 85 % of the device ages.",
        "Data quality failure: report the two columns, do not retrain on this week.",
    ),
    Chapter(
        "feed repaired",
        13,
        14,
        "Amounts are in euros again and device ages are back.",
        "No drift, keep the model.",
    ),
    Chapter(
        "travel season",
        15,
        17,
        "Spring travel and a wallet campaign move the inputs, not the risk of a given payment.",
        "Inputs drift, but the model ranks fraud as well as before: no promotion is needed.",
    ),
    Chapter(
        "back home",
        18,
        18,
        "The travel season ends and payments look as they did before.",
        "No drift, keep the model.",
    ),
    Chapter(
        "account takeover",
        19,
        25,
        "Fraudsters turn to many small payments from new devices on accounts they took over, "
        "while customers move to app payments.",
        "Inputs drift and the model loses AUC: retrain on recent weeks and promote the new model.",
    ),
)
"""All chapters in order; together they cover weeks 0 to `WEEKS - 1` once each."""


def chapter_of(week: int) -> Chapter:
    """Return the chapter that week number `week` (0 to `WEEKS - 1`) belongs to.

    Raises:
        ValueError: if the story has no such week.
    """
    for chapter in CHAPTERS:
        if chapter.first_week <= week <= chapter.last_week:
            return chapter
    raise ValueError(f"week must be between 0 and {WEEKS - 1}, got {week}")
