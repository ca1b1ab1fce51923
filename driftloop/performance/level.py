"""What earlier runs tell of a champion's performance: the level it has to keep, and its scores.

The level is the best score that the model held, whichever version served. A champion's own holdout
score is no standard where a bad one was promoted: it would be met by as bad a score every week. So
the level goes from run to run, and from champion to champion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from driftloop.base.findings import LOST, Performance
from driftloop.base.periods import Span, floor_to
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


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The scores of a champion's earlier windows, newest first, and the level it has to keep.

    `scores` are those of windows without common rows, since the promotion or the last recovery; in
    the newest `lost` of them it had lost performance. `skills` say how far they lay above those of
    guessing, as far back as all are known. `promises` are what windows since the
    promotion scored beyond what was promised, `gaps` beyond what was estimated, and
    `segments` what parts of them scored. `broken` and `relations` belong to the promises and say
    by what each was broken, and how far its relation had changed; `lost_segments` belong to the
    segments. `windows_a_year` says how often one follows.
    """

    level: Level | None = None
    scores: tuple[Score, ...] = ()
    lost: int = 0
    promises: tuple[Score, ...] = ()
    windows_a_year: float = 365.25 / 7
    gaps: tuple[Score, ...] = ()
    segments: tuple[Mapping[str, Score], ...] = ()
    skills: tuple[Score, ...] = ()
    broken: tuple[tuple[str, ...], ...] = ()
    relations: tuple[Score | None, ...] = ()
    lost_segments: tuple[frozenset[str], ...] = ()

    def after(self, found: Performance) -> "TrackRecord":
        """Return the record with a further window; the level and recoveries are left to runs."""
        scores = self.scores
        if found.score is not None and found.low is not None and found.high is not None:
            now = Score(found.metric, found.score, found.low, found.high, found.rows)
            scores = (now, *scores)
        promised = [found.promise] if found.promise else []
        return replace(
            self,
            scores=scores,
            lost=self.lost + 1 if found.status in LOST else 0,
            promises=(*(one.gap for one in promised), *self.promises),
            gaps=(*((found.gap,) if found.gap else ()), *self.gaps),
            segments=(found.scores_of_segments, *self.segments),
            skills=(found.skill, *self.skills) if found.skill else (),
            broken=(*(one.broken for one in promised), *self.broken),
            relations=(*(one.change for one in promised), *self.relations),
            lost_segments=(frozenset(found.lost_segments), *self.lost_segments),
        )


NO_RECORD = TrackRecord()


def track_record(
    history: tuple[PastRun, ...],
    champion: str,
    metric: str,
    now: tuple[datetime, Span],
    level: Level | None = None,
) -> TrackRecord:
    """Return what earlier runs, newest first, tell of a champion's performance.

    `now` is the moment of the run, and the length of its windows.
    """
    runs = _apart(_since_promotion(history, champion), now)
    promised = [(run, run.promise) for run in runs if run.promise is not None]
    scored = [run for run in runs if run.realised is not None and run.metric == metric]
    scored = _since_recovery(scored)
    lost = len([*takewhile(lambda run: run.performance in LOST, scored)])
    scores = tuple(run.realised for run in scored if run.realised is not None)
    skills = takewhile(lambda skill: skill is not None, (run.skill for run in scored))
    return TrackRecord(
        level,
        scores,
        lost,
        promises=tuple(promise for _, promise in promised),
        windows_a_year=365.25 / now[1].days,
        gaps=tuple(run.gap for run in runs if run.gap is not None and run.gap.metric == metric),
        segments=tuple(run.segments for run in runs),
        skills=tuple(skill for skill in skills if skill is not None),
        broken=tuple(run.broken for run, _ in promised),
        relations=tuple(run.relation for run, _ in promised),
        lost_segments=tuple(run.lost_segments for run in runs),
    )


def _apart(runs: Iterator[PastRun], now: tuple[datetime, Span]) -> list[PastRun]:
    """Return those of the runs whose labelled windows have no rows in common, newest first."""
    as_of, length = now
    start, apart = length.before(floor_to(as_of, length)), []
    for run in runs:
        end = floor_to(run.as_of, length)
        if run.realised is not None and end <= start:
            apart.append(run)
            start = length.before(end)
    return apart


def earlier_scores(
    history: tuple[PastRun, ...], metric: str, now: tuple[datetime, Span]
) -> tuple[Score, ...]:
    """Return the scores of windows without common rows, whichever version served, newest first.

    `now` is the moment of the run, and the length of its windows.
    """
    runs = _apart((run for run in history if run.kind == "monitor" and run.metric == metric), now)
    return tuple(run.realised for run in runs if run.realised is not None)


def _since_recovery(runs: list[PastRun]) -> list[PastRun]:
    for place in range(1, len(runs)):
        if runs[place - 1].performance == "ok" and runs[place].performance in LOST:
            return runs[:place]
    return runs


def scores_of(history: tuple[PastRun, ...], champion: str, metric: str) -> tuple[float, ...]:
    """Return the scores of the runs since a version became champion, newest first."""
    own = _since_promotion(history, champion)
    return tuple(run.score for run in own if run.score is not None and run.metric == metric)


def _since_promotion(history: tuple[PastRun, ...], champion: str) -> Iterator[PastRun]:
    runs = (run for run in history if run.kind == "monitor")
    return takewhile(lambda run: run.champion == champion, runs)


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
