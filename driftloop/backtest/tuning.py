"""Choice of a policy: the configured one, unless another is better by more than its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from driftloop.backtest.gain import CONFIDENCE, Gain, gain
from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_result import CHOSEN, PolicyWorth, scale_of
from driftloop.backtest.policies import Alternative
from driftloop.backtest.replay import Policy, replay
from driftloop.base.scores import metric_name
from driftloop.base.serialize import RoundedRate
from driftloop.performance.metrics import Scores

LEAST_PERIODS = 12
"""Fewer periods than this choose nothing: their interval would be a guess."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A policy that was replayed, beside the configured one."""

    worth: PolicyWorth
    better: Annotated[
        Gain,
        Field(
            description="Over the configured policy, per period; the interval is 90 % for all "
            "alternatives together."
        ),
    ]
    values: Annotated[
        dict[str, str], Field(description="What the configuration would say, by its key.")
    ]
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Tuning:
    """The policy that was chosen; ``driftloop tune --json``."""

    model: str
    rev: str
    start: datetime
    end: datetime
    periods: int
    unit: Annotated[str, Field(description="Of all gains: the metric, or the currency.")]
    gain: Annotated[
        Gain, Field(description="Of retraining in every period, before what that costs.")
    ]
    policies: tuple[Tried, ...]
    best: Annotated[PolicyWorth, Field(description="The best possible, known only afterwards.")]
    config: str
    written: Annotated[bool, Field(description="Whether the configuration was changed.")]
    plot: str
    seconds: RoundedRate
    sentence: Annotated[str, Field(description="What was chosen, and why.")]


def try_policies(
    matrix: Matrix, alternatives: tuple[Alternative, ...]
) -> tuple[tuple[Tried, ...], PolicyWorth, Gain]:
    """Return what each policy would have been worth, the best possible, and the gain there is.

    The first alternative is the configured policy; see `choose`.
    """
    own = alternatives[0].policy
    scale = scale_of(
        matrix, max((alternative.policy for alternative in alternatives), key=_settings)
    )
    replays = [replay(matrix, alternative.policy) for alternative in alternatives]
    better, chosen = choose([scale.counted(done) for done in replays])
    tried = tuple(
        Tried(
            scale.worth(CHOSEN if len(alternative.policy.settings) > 1 else own.settings[0], done),
            gained,
            {".".join(place): _written(value) for place, value in alternative.values.items()},
            number == chosen,
        )
        for number, (alternative, done, gained) in enumerate(
            zip(alternatives, replays, better, strict=True)
        )
    )
    best = max(
        (scale.worth(name, done) for name, done in scale.best.items()),
        key=lambda done: done.gain.mean,
    )
    return tried, best, scale.whole


def _written(value: object) -> str:
    return "left out" if value is None else str(value)


def _settings(policy: Policy) -> int:
    return len(policy.settings)


def choose(counted: Sequence[Scores]) -> tuple[list[Gain], int]:
    """Return how much better each series (periods,) is than the first, and which one is chosen.

    That is the first, unless another one's advantage per period is above zero with 90 % confidence
    for all others together; then, of several, the one with the largest. Too few periods choose
    nothing. Source: Dunn, Multiple Comparisons Among Means, JASA 56, 1961 (Bonferroni's bound).
    """
    confidence = 1 - (1 - CONFIDENCE) / max(len(counted) - 1, 1)
    better = [gain(series - counted[0], confidence=confidence) for series in counted]
    proven = [place for place, gained in enumerate(better) if gained.proven]
    if not proven or len(counted[0]) < LEAST_PERIODS:
        return better, 0
    return better, max(proven, key=lambda place: better[place].mean)


def reason(tried: tuple[Tried, ...], whole: Gain, unit: str, periods: int) -> str:
    """Return which policy was chosen and why, in one sentence."""
    chosen = next(each for each in tried if each.chosen)
    others = [each for each in tried[1:] if each.better.mean == each.better.mean]
    if chosen is not tried[0]:
        return (
            f"{chosen.worth.policy!r} is better than what was configured by "
            f"{interval_of(chosen.better, unit)} a period over {periods} periods, with "
            f"{chosen.worth.retrains} retrainings instead of {tried[0].worth.retrains}."
        )
    if periods < LEAST_PERIODS:
        return f"as configured: {periods} periods are too few to choose, {LEAST_PERIODS} needed."
    if not whole.proven:
        return (
            "as configured: nothing to gain is proven; retraining in every period brings "
            f"{interval_of(whole, unit)} a period over {periods} periods."
        )
    nearest = max(others, key=lambda each: each.better.mean, default=None)
    if nearest is None or nearest.better.mean <= 0:
        return f"as configured: none of {len(others)} alternatives did better in {periods} periods."
    return (
        f"as configured: of {len(others)} alternatives none is better by more than its interval "
        f"over {periods} periods; the nearest is {nearest.worth.policy!r}, "
        f"{interval_of(nearest.better, unit)} a period."
    )


def interval_of(gained: Gain, unit: str) -> str:
    """Return a gain with its interval and its unit."""
    return f"{gained.mean:+.3g} [{gained.low:+.3g}, {gained.high:+.3g}] {metric_name(unit)}"
