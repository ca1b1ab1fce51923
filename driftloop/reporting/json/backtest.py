"""What ``driftloop backtest --json`` prints."""

import math
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from driftloop.alerts.messages.wording import count
from driftloop.backtest.summary import (
    BaselineScores,
    Detection,
    Period,
    PolicyResult,
    common_periods,
    detections,
    first_alarm_after,
    mean_score,
    share_of_gain,
)
from driftloop.reporting.json.base import Output, Span

if TYPE_CHECKING:
    from driftloop.backtest.injection import Injection


class PeriodOutput(Output):
    """One monitoring run of a policy."""

    as_of: datetime
    window: Span
    rows: int
    verdict: str
    troubles: tuple[str, ...]
    action: str
    held: str | None = Field(description="The rule that held a retraining back, if one did.")
    alarm: bool = Field(description="A message about trouble went out.")
    retrained: bool
    by_hand: bool
    promoted: str | None
    rolled_back: bool
    served: str = Field(description="The version that served in the window.")
    score: float | None = Field(description="What it scored there, all labels known.")


class DetectionOutput(Output):
    """One episode of drift, and how late it was found."""

    began: datetime = Field(description="Where the data say that it began.")
    found: datetime
    days: float
    retrained: datetime | None
    promoted: datetime | None


class PolicyOutput(Output):
    """What one policy did, and what that was worth."""

    name: str
    alarms: int
    alarms_per_year: float
    retrains: int
    retrains_per_year: float
    promotions: int
    rollbacks: int
    mean_score: float | None
    gain_kept: float | None = Field(
        description="Share of always retraining's gain over the first model that it keeps."
    )
    persons: int = Field(description="How often a person had to start the retraining again.")
    detections: tuple[DetectionOutput, ...]
    periods: tuple[PeriodOutput, ...]


class RivalOutput(Output):
    """What was served beside the policies."""

    name: str
    retrains: int
    mean_score: float | None
    scores: tuple[float | None, ...]


class InjectionOutput(Output):
    """Drift that was put in, and how soon it was known."""

    kind: str
    column: str
    size: float
    at: datetime
    known: datetime | None = Field(description="The first run after it that told people.")
    days: float | None
    periods: int | None = Field(description="Runs from the drift to the one that told of it.")
    retrained: datetime | None
    promoted: datetime | None
    policy: PolicyOutput


class BacktestOutput(Output):
    """``driftloop backtest --json``."""

    model: str
    rev: str
    start: datetime
    end: datetime
    periods: int
    metric: str
    policies: tuple[PolicyOutput, ...]
    rivals: tuple[RivalOutput, ...]
    injection: InjectionOutput | None
    plot: str | None
    seconds: float
    sentence: str


def policy_output(result: PolicyResult, rivals: tuple[BaselineScores, ...]) -> PolicyOutput:
    """Return what is printed of a policy; gains are over periods in which all have a score."""
    return PolicyOutput(
        name=result.name,
        alarms=result.alarms,
        alarms_per_year=round(result.per_year(result.alarms), 2),
        retrains=result.retrains,
        retrains_per_year=round(result.per_year(result.retrains), 2),
        promotions=result.promotions,
        rollbacks=sum(period.rolled_back for period in result.periods),
        mean_score=_number(mean_score(result.scores)),
        gain_kept=_number(_gain(result, rivals)),
        persons=result.persons,
        detections=tuple(_detection(detection) for detection in detections(result.periods)),
        periods=tuple(_period(period) for period in result.periods),
    )


def rival_output(rival: BaselineScores) -> RivalOutput:
    """Return what is printed of a rival."""
    return RivalOutput(
        name=rival.name,
        retrains=rival.retrains,
        mean_score=_number(mean_score(rival.scores)),
        scores=tuple(_number(value) for value in rival.scores),
    )


def injection_output(
    injection: "Injection", result: PolicyResult, rivals: tuple[BaselineScores, ...]
) -> InjectionOutput:
    """Return how soon a drift that was put in became known."""
    after = [period for period in result.periods if period.window.end > injection.at]
    known = first_alarm_after(result.periods, injection.at)
    days = (known.as_of - injection.at).total_seconds() / 86_400 if known else None
    return InjectionOutput(
        kind=injection.kind,
        column=injection.column,
        size=injection.size,
        at=injection.at,
        known=known.as_of if known else None,
        days=days,
        periods=after.index(known) + 1 if known else None,
        retrained=next((one.as_of for one in after if one.retrained), None),
        promoted=next((one.as_of for one in after if one.promoted), None),
        policy=policy_output(result, rivals),
    )


def summary_sentence(policy: PolicyResult, rivals: tuple[BaselineScores, ...]) -> str:
    """Return what a policy was worth in one sentence."""
    own, kept = mean_score(policy.scores), _gain(policy, rivals)
    beside = ", ".join(f"{rival.name} {mean_score(rival.scores):.3f}" for rival in rivals)
    gain = "" if math.isnan(kept) else f" It keeps {kept:.0%} of what always retraining gains."
    return (
        f"{policy.metric} {own:.3f} with {count(policy.retrains, 'retraining')} and "
        f"{count(policy.promotions, 'promotion')} in {count(len(policy.periods), 'period')} "
        f"({beside}); {count(policy.alarms, 'alarm')}, {policy.per_year(policy.alarms):.1f} a "
        f"year.{gain}"
    )


def _gain(result: PolicyResult, rivals: tuple[BaselineScores, ...]) -> float:
    by_name = {rival.name: rival.scores for rival in rivals}
    if not {"first model", "always retraining"} <= set(by_name):
        return math.nan
    series = common_periods(result.scores, by_name["first model"], by_name["always retraining"])
    return share_of_gain(*(mean_score(one) for one in series))


def _detection(one: Detection) -> DetectionOutput:
    return DetectionOutput(
        began=one.began,
        found=one.found,
        days=round(one.days, 2),
        retrained=one.retrained,
        promoted=one.promoted,
    )


def _period(one: Period) -> PeriodOutput:
    return PeriodOutput(
        as_of=one.as_of,
        window=Span(start=one.window.start, end=one.window.end),
        rows=one.rows,
        verdict=one.verdict,
        troubles=one.troubles,
        action=one.action,
        held=one.held,
        alarm=one.alarm,
        retrained=one.retrained,
        by_hand=one.by_hand,
        promoted=one.promoted,
        rolled_back=one.rolled_back,
        served=one.served,
        score=_number(one.score),
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
