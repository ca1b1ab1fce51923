"""The chapters of the demo data: what happens in which week."""

from dataclasses import dataclass
from datetime import date

START = date(2026, 1, 5)
"""Monday on which week 0 begins."""

WEEKS = 26
"""Number of weekly batches in the whole history."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Consecutive weeks in which the same thing is going on."""

    name: str
    weeks: range
    what_happens: str


CHAPTERS = (
    Chapter(
        "opening",
        range(10),
        "Everyday payments; fraud is mostly large, late payments outside the EEA.",
    ),
    Chapter(
        "outage",
        range(10, 11),
        "The acquirer is down in the week of the St Joseph holiday; about 55 payments get through.",
    ),
    Chapter(
        "service restored",
        range(11, 12),
        "The acquirer is back and payments look as they did before.",
    ),
    Chapter(
        "broken feed",
        range(12, 13),
        "The feed sends amounts in cents and loses about 85 % of the device ages. The champion "
        "hardly uses either, so its AUC holds; nobody can know that before the labels.",
    ),
    Chapter("feed repaired", range(13, 15), "Amounts are in euros again and device ages are back."),
    Chapter(
        "travel season",
        range(15, 18),
        "Spring travel and a wallet campaign move the inputs, not the risk of a given payment.",
    ),
    Chapter(
        "back home", range(18, 19), "The travel season ends and payments look as they did before."
    ),
    Chapter(
        "account takeover",
        range(19, WEEKS),
        "Fraudsters turn to many small payments from new devices on accounts they took over, "
        "while customers move to app payments.",
    ),
)
"""All chapters in order; together they cover weeks 0 to `WEEKS - 1` once each."""


def chapter_of(week: int) -> Chapter:
    """Return the chapter that week number `week` (0 to `WEEKS - 1`) belongs to.

    Raises:
        ValueError: if the story has no such week.
    """
    for chapter in CHAPTERS:
        if week in chapter.weeks:
            return chapter
    raise ValueError(f"week must be between 0 and {WEEKS - 1}, got {week}")
