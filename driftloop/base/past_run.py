"""Moved here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class PastRun:
    """What is remembered of an earlier monitoring run or retraining of the same model."""

    kind: Literal["monitor", "retrain"]
    as_of: datetime
    window_start: datetime
    verdict: str
    action: str
    quality_failed: bool
    performance: str
    champion: str
    won: bool
    by_hand: bool = False
    held: str = ""
    seen: frozenset[str] = frozenset()
    """Marks of the columns that drifted, confirmed or not; see `driftloop.drift.confirmation`."""
