"""Summary of a policy over a stretch of history: alarms, retrainings, delays and scores."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, computed_field

from driftloop.base.findings import LOST
from driftloop.base.periods import Window
from driftloop.base.records import MonitorRecord
from driftloop.base.serialize import UNPRINTED, RoundedRate, RoundedScore

DAYS_A_YEAR = 365.25
FIRST_MODEL = "first model"
ALWAYS_RETRAINING = "always retraining"


@dataclass(frozen=True, slots=True)
class Period:
    """One monitoring run of a backtest."""

    as_of: datetime
    window: Window
    rows: int
    verdict: str
    troubles: tuple[str, ...]
    action: str
    held: Annotated[str | None, Field(description="The rule that blocked a retraining, if any.")]
    alarm: Annotated[bool, Field(description="A message about trouble went out.")]
    retrained: bool
    promoted: Annotated[str | None, Field(description="The version that became champion.")]
    rolled_back: bool
    served: Annotated[str, Field(description="The version that served in the window.")]
    score: Annotated[RoundedScore, Field(description="Its score there, with all labels known.")]
    headline: Annotated[str, Field(description="The outcome of the run, in a few words.")]
    by_hand: Annotated[bool, Field(description="A person had to start the retraining.")]
    since: Annotated[datetime | None, UNPRINTED]
    """Where the data say that the drift found in this run began."""


@dataclass(frozen=True, slots=True)
class BaselineScores:
    """The scores of something served beside the policy, one a period."""

    name: str
    scores: tuple[RoundedScore, ...]
    retrains: int

    @computed_field
    @property
    def mean_score(self) -> RoundedScore:
        """Mean over the periods with a score."""
        return mean_score(self.scores)


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One policy over all periods."""

    name: str
    metric: Annotated[str, UNPRINTED]
    periods: tuple[Period, ...]
    first: Annotated[str, UNPRINTED]
    gain_kept: Annotated[
        RoundedScore,
        Field(description="Share that it keeps of what always retraining gains."),
    ] = math.nan

    @computed_field
    @property
    def retrains(self) -> int:
        """How often a challenger was trained."""
        return sum(period.retrained for period in self.periods)

    @computed_field
    @property
    def promotions(self) -> int:
        """How often one became champion."""
        return sum(period.promoted is not None for period in self.periods)

    @computed_field
    @property
    def rollbacks(self) -> int:
        """How often the champion was rolled back."""
        return sum(period.rolled_back for period in self.periods)

    @computed_field
    @property
    def persons(self) -> int:
        """How often retraining had stopped and a person had to start it again."""
        return sum(period.by_hand for period in self.periods)

    @computed_field
    @property
    def alarms(self) -> int:
        """How many messages about trouble went out."""
        return sum(period.alarm for period in self.periods)

    @property
    def scores(self) -> tuple[float, ...]:
        """The score of what served in each period."""
        return tuple(period.score for period in self.periods)

    @computed_field
    @property
    def alarms_per_year(self) -> RoundedRate:
        """Rate of the alarms."""
        return self.per_year(self.alarms)

    @computed_field
    @property
    def retrains_per_year(self) -> RoundedRate:
        """Rate of the retrainings."""
        return self.per_year(self.retrains)

    @computed_field
    @property
    def mean_score(self) -> RoundedScore:
        """Mean over the periods with a score."""
        return mean_score(self.scores)

    @computed_field
    @property
    def detections(self) -> tuple["Detection", ...]:
        """Episodes of drift, and how late each was found."""
        return detections(self.periods)

    def with_gain(self, baselines: Sequence[BaselineScores]) -> "PolicyResult":
        """Return the result with its `gain_kept`, over periods in which all have a score."""
        by_name = {baseline.name: baseline.scores for baseline in baselines}
        if not {FIRST_MODEL, ALWAYS_RETRAINING} <= set(by_name):
            return self
        series = common_periods(self.scores, by_name[FIRST_MODEL], by_name[ALWAYS_RETRAINING])
        return replace(self, gain_kept=share_of_gain(*(mean_score(scores) for scores in series)))

    def per_year(self, count: int) -> float:
        """Return a count as a rate per year."""
        span = self.periods[-1].window.end - self.periods[0].window.start
        return count / (span / timedelta(days=DAYS_A_YEAR))


@dataclass(frozen=True, slots=True)
class Detection:
    """One episode of drift, and how late it was found."""

    began: Annotated[datetime, Field(description="Where the data say that it began.")]
    found: datetime
    days: RoundedRate
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
    days = (first.as_of - began).total_seconds() / 86_400
    retrained = next((period.as_of for period in episode if period.retrained), None)
    promoted = next((period.as_of for period in episode if period.promoted), None)
    return Detection(began, first.as_of, days, retrained, promoted)


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
        or record.performance.status in LOST
    )
