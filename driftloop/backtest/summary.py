"""Summary of a policy over a stretch of history: alarms, retrainings, delays and scores."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftloop.base.periods import Window
from driftloop.base.records import MonitorRecord

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Period:
    """One monitoring run of a backtest.

    `by_hand` says that a person had to start the retraining.
    `served` is the version that served during the window, `score` what it scored there once all
    labels are known (NaN where undefined), `alarm` whether a message about trouble went out, and
    `promoted` the version that became champion.
    """

    as_of: datetime
    window: Window
    rows: int
    verdict: str
    troubles: tuple[str, ...]
    action: str
    held: str | None
    alarm: bool
    retrained: bool
    promoted: str | None
    rolled_back: bool
    served: str
    score: float
    by_hand: bool
    since: datetime | None
    """Where the data say that the drift found in this run began."""


@dataclass(frozen=True, slots=True)
class BaselineScores:
    """The scores of something served beside the policy, one a period."""

    name: str
    scores: tuple[float, ...]
    retrains: int


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One policy over all periods."""

    name: str
    metric: str
    periods: tuple[Period, ...]
    first: str

    @property
    def retrains(self) -> int:
        """How often a challenger was trained."""
        return sum(period.retrained for period in self.periods)

    @property
    def promotions(self) -> int:
        """How often one became champion."""
        return sum(period.promoted is not None for period in self.periods)

    @property
    def persons(self) -> int:
        """How often retraining had stopped and a person had to start it again."""
        return sum(period.by_hand for period in self.periods)

    @property
    def alarms(self) -> int:
        """How many messages about trouble went out."""
        return sum(period.alarm for period in self.periods)

    @property
    def scores(self) -> tuple[float, ...]:
        """The score of what served in each period."""
        return tuple(period.score for period in self.periods)

    def per_year(self, count: int) -> float:
        """Return a count as a rate a year."""
        span = self.periods[-1].window.end - self.periods[0].window.start
        return count / (span / timedelta(days=DAYS_A_YEAR))


@dataclass(frozen=True, slots=True)
class Detection:
    """One episode of drift and how late it was found; `days` counts from where it began."""

    began: datetime
    found: datetime
    days: float
    retrained: datetime | None
    promoted: datetime | None


def detections(periods: Sequence[Period]) -> tuple[Detection, ...]:
    """Return the episodes of drift in their order.

    An episode is an unbroken row of runs with drift; runs that could not judge do not break it. It
    began where the data say that it did.
    """
    episodes: list[Detection] = []
    episode: list[Period] = []
    for period in [*periods, None]:
        if period is not None and period.verdict == "drift":
            episode.append(period)
        elif period is None or period.verdict != "inconclusive":
            if episode:
                episodes.append(_detection(episode))
            episode = []
    return tuple(episodes)


def _detection(episode: list[Period]) -> Detection:
    first = episode[0]
    began = first.since or first.window.start
    retrained = next((period.as_of for period in episode if period.retrained), None)
    promoted = next((period.as_of for period in episode if period.promoted), None)
    return Detection(
        began, first.as_of, (first.as_of - began).total_seconds() / 86_400, retrained, promoted
    )


def first_alarm_after(periods: Sequence[Period], onset: datetime) -> Period | None:
    """Return the first run after `onset` that alerted people, or None."""
    return next((period for period in periods if period.alarm and period.window.end > onset), None)


def mean_score(scores: Iterable[float]) -> float:
    """Return the mean over the periods in which the score is defined, NaN where it never is."""
    defined = [value for value in scores if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan


def common_periods(*series: Sequence[float]) -> tuple[list[float], ...]:
    """Return the series over those periods in which all of them are defined."""
    rows = [row for row in zip(*series, strict=True) if not any(map(math.isnan, row))]
    return tuple([row[place] for row in rows] for place in range(len(series)))


def share_of_gain(loop: float, frozen: float, always: float) -> float:
    """Return the share of always retraining's gain over the first model that a policy keeps.

    NaN where always retraining gains nothing.
    """
    gain = always - frozen
    return (loop - frozen) / gain if gain > 0 else math.nan


def is_alarm(record: MonitorRecord, notified: bool) -> bool:
    """Return whether a run alerted people."""
    return notified and bool(
        record.troubles
        or record.broken
        or record.verdict.status == "drift"
        or record.performance.status == "fell"
    )
