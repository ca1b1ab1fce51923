"""The result of a backtest: policies, baselines, and drift that was put in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import Field

from driftloop.alerts.messages.wording import count
from driftloop.backtest.injection import Injection
from driftloop.backtest.summary import BaselineScores, PolicyResult, first_alarm_after
from driftloop.base.scores import metric_name, score_text


@dataclass(frozen=True, slots=True)
class InjectionResult:
    """Drift that was put in, and how soon it was known."""

    kind: str
    column: str
    size: float
    at: datetime
    known: Annotated[
        datetime | None, Field(description="The first run after it that reported trouble.")
    ]
    days: float | None
    periods: Annotated[
        int | None, Field(description="Runs from the drift to the one that reported it.")
    ]
    retrained: datetime | None
    promoted: datetime | None
    policy: PolicyResult


@dataclass(frozen=True, slots=True)
class Backtest:
    """The result of a backtest; ``driftloop backtest --json``."""

    model: str
    rev: str
    start: datetime
    end: datetime
    periods: int
    metric: str
    policies: tuple[PolicyResult, ...]
    baselines: Annotated[
        tuple[BaselineScores, ...],
        Field(serialization_alias="rivals", description="Served beside the policies."),
    ]
    injection: InjectionResult | None
    plot: str | None
    seconds: float
    sentence: str


def injection_result(injection: Injection, policy: PolicyResult) -> InjectionResult:
    """Return how soon a drift that was put in became known."""
    after = [period for period in policy.periods if period.window.end > injection.at]
    known = first_alarm_after(policy.periods, injection.at)
    return InjectionResult(
        kind=injection.kind,
        column=injection.column,
        size=injection.size,
        at=injection.at,
        known=known.as_of if known else None,
        days=(known.as_of - injection.at).total_seconds() / 86_400 if known else None,
        periods=after.index(known) + 1 if known else None,
        retrained=next((period.as_of for period in after if period.retrained), None),
        promoted=next((period.as_of for period in after if period.promoted), None),
        policy=policy,
    )


def summary_sentence(policy: PolicyResult, baselines: Sequence[BaselineScores]) -> str:
    """Return what a policy was worth in one sentence."""
    written = partial(score_text, policy.metric)
    beside = ", ".join(f"{baseline.name} {written(baseline.mean_score)}" for baseline in baselines)
    share = policy.gain_kept
    gain = "" if math.isnan(share) else f" It keeps {share:.0%} of what always retraining gains."
    metric = metric_name(policy.metric, begins=True)
    return (
        f"{metric} {written(policy.mean_score)} with {count(policy.retrains, 'retraining')} and "
        f"{count(policy.promotions, 'promotion')} in {count(len(policy.periods), 'period')} "
        f"({beside}); {count(policy.alarms, 'alarm')}, {policy.alarms_per_year:.1f} per year.{gain}"
    )
