"""The level that a model is expected to keep: the best score it held, whichever version served.

A champion's own holdout score is no standard where a bad one was promoted: it would be met by as
bad a score every week. So the level goes from run to run, and from champion to champion.
"""

from datetime import datetime
from itertools import takewhile

from driftloop.base.findings import Performance
from driftloop.base.periods import Span
from driftloop.base.scores import Level, Score
from driftloop.base.tags import PastRun

_SURE = 1.7
HELD = 3
"""Scores in a row whose mean counts as held; the first of a champion's is that on its holdout."""


def remembered_level(
    history: tuple[PastRun, ...], metric: str, as_of: datetime, memory: Span
) -> Level | None:
    """Return the level that the newest run knew; None where it has not been held for too long.

    `history` has earlier runs, newest first.
    """
    known = next((run.level for run in history if run.kind == "monitor" and run.level), None)
    if known is None or known.metric != metric or memory.after(known.at) <= as_of:
        return None
    return known


def held_level(
    scores: tuple[float, ...],
    baseline: Score | None,
    known: Level | None,
    now: tuple[str, datetime],
    margin: float,
) -> Level | None:
    """Return the level after a window was scored.

    It is the mean of the champion's last three scores, but no more than it had on its holdout: a
    lucky week raises no expectations. With fewer scores its holdout's is the first. A known level
    that is higher stays, and is held again where this one is within the margin of it.

    Args:
        scores: the champion's scores, newest first, this window's included.
        baseline: its score on its holdout.
        known: the level before this window.
        now: the metric, and the moment of the run.
        margin: the loss that is allowed.
    """
    metric, as_of = now
    row = [*scores, baseline.value] if baseline else [*scores]
    row = row[:HELD]
    if len(row) < (2 if baseline else HELD):
        return known
    value = sum(row) / len(row)
    value = min(value, baseline.value) if baseline else value
    if known is None or value >= known.value:
        return Level(metric, value, as_of)
    return Level(metric, known.value, as_of) if value >= known.value - margin else known


def scores_of(history: tuple[PastRun, ...], champion: str, metric: str) -> tuple[float, ...]:
    """Return the scores of the runs since a version became champion, newest first."""
    runs = (run for run in history if run.kind == "monitor")
    own = takewhile(lambda run: run.champion == champion, runs)
    return tuple(run.score for run in own if run.score is not None and run.metric == metric)


def doubt_of(version: str, baseline: Score | None, performance: Performance) -> str | None:
    """Return that a champion is not proven better than guessing, or None.

    Its score on its holdout decides, and a later window where the score lies above guessing by 3.3
    standard errors: 1.7 times the distance to the end of its 95 % interval. Chance passes that in
    one of 40 years of weekly looks, and the interval itself in every year.
    """
    if baseline is None or not baseline.doubt:
        return None
    score, low, guessing = performance.score, performance.low, performance.guessing
    doubt = f"Version {version}: {baseline.doubt} on its holdout."
    if score is None or low is None or guessing is None:
        return doubt
    return None if score - guessing > _SURE * (score - low) else doubt
