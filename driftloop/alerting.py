"""Which event of a run is news: healthy runs are silent, and a repeat does not page again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from driftloop.records import MonitorRecord
from driftloop.triggers import PastRun

Cause = Literal["quality", "performance", "drift"]


@dataclass(frozen=True, slots=True)
class News:
    """What to tell about a run: at most one event, and since when the trouble lasts."""

    event: Literal["trouble", "resolved", "blind", "stuck"] | None
    since: datetime | None = None
    runs: int = 0


def news(record: MonitorRecord, history: tuple[PastRun, ...], blind_after: int) -> News:
    """Return what is new about a run, given earlier ones (newest first).

    Trouble is told when it begins, when a new cause joins it, and when it goes on under a new
    champion; its end is told once. Runs that could not judge are told when there have been
    `blind_after` of them in a row, and neither begin nor end an episode. That retraining stopped
    and a person is needed is told once, unless trouble that says so is told anyway.
    """
    runs = tuple(run for run in history if run.kind == "monitor")
    causes = causes_of(record)
    if record.verdict.status == "inconclusive" and not causes:
        blind = 1 + _leading_inconclusive(runs)
        return News("blind", runs=blind) if blind == blind_after else News(None)
    judged = [run for run in runs if _past_causes(run) or run.verdict != "inconclusive"]
    episode = list(_episode(judged))
    if causes:
        since = min([record.window.start, *(run.window_start for run in episode)])
        told: set[Cause] = {
            cause
            for run in episode
            if run.champion == record.champion
            for cause in _past_causes(run)
        }
        if causes - told:
            return News("trouble", since)
        return News("stuck" if _newly_stuck(record, runs) else None, since)
    if episode:
        return News("resolved", min(run.window_start for run in episode))
    return News("stuck" if _newly_stuck(record, runs) else None)


def _newly_stuck(record: MonitorRecord, runs: tuple[PastRun, ...]) -> bool:
    """Say whether this run is the first that needs a person since the loop last retrained."""
    if record.decision.held != "losing_streak":
        return False
    last = next((run for run in runs if run.held or run.action == "retrain"), None)
    return last is None or last.held != "losing_streak"


def causes_of(record: MonitorRecord) -> frozenset[Cause]:
    """Return what is wrong in a run."""
    found: dict[Cause, bool] = {
        "quality": bool(record.broken),
        "performance": record.performance.status == "fell",
        "drift": record.verdict.status == "drift",
    }
    return frozenset(cause for cause, there in found.items() if there)


def _past_causes(run: PastRun) -> frozenset[Cause]:
    found: dict[Cause, bool] = {
        "quality": run.quality_failed,
        "performance": run.performance == "fell",
        "drift": run.verdict == "drift",
    }
    return frozenset(cause for cause, there in found.items() if there)


def _leading_inconclusive(runs: tuple[PastRun, ...]) -> int:
    count = 0
    for run in runs:
        if run.verdict != "inconclusive" or _past_causes(run):
            return count
        count += 1
    return count


def _episode(judged: list[PastRun]) -> Iterator[PastRun]:
    """Yield the unbroken row of runs with trouble, newest first."""
    for run in judged:
        if not _past_causes(run):
            return
        yield run
