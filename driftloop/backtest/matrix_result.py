"""What policies would have been worth over an evaluation matrix, beside the best possible ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import numpy as np
from pydantic import Field

from driftloop.backtest.gain import Gain, gain
from driftloop.backtest.matrix import Matrix, Trained
from driftloop.backtest.oracle import best_served
from driftloop.backtest.replay import WIDE, Policy, Replay, replay
from driftloop.backtest.summary import mean_score
from driftloop.base.scores import metric_name
from driftloop.base.serialize import RoundedRate, RoundedScore
from driftloop.performance.metrics import Scores

BUDGET = 1 / 3
"""Retrainings a period that the standard policies may spend."""

MARGIN = 0.05
"""Loss of the metric that the interval of an accepted challenger excludes, as `init` writes it."""

CHOSEN = "chosen by validation"
"""In place of a setting: each challenger has the one that did best before its holdout."""


@dataclass(frozen=True, slots=True)
class PolicyWorth:
    """A policy over all periods of a matrix."""

    policy: str
    setting: Annotated[str, Field(description="The training setting: window and half-life.")]
    retrains: int
    promotions: int
    mean_score: RoundedScore
    gain: Annotated[Gain, Field(description="Over the first model, a period.")]
    kept: Annotated[
        RoundedScore, Field(description="Share of what retraining in every period gains.")
    ]
    regret: Annotated[
        RoundedScore,
        Field(description="What the best policy with the budget has more, a period."),
    ]


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The worth of policies; ``driftloop backtest --matrix --json``."""

    model: str
    rev: str
    start: datetime
    end: datetime
    periods: int
    metric: str
    policies: tuple[PolicyWorth, ...]
    gain: Annotated[Gain, Field(description="Of retraining in every period.")]
    coverage: Annotated[
        RoundedScore,
        Field(description="How often a holdout's 95 % interval held the next period's score."),
    ]
    folder: Annotated[str, Field(description="Where the predictions are kept.")]
    plot: str | None
    seconds: RoundedRate
    sentence: str


def standard_policies(setting: str) -> tuple[Policy, ...]:
    """Return the policies that are compared over a training setting."""
    every, own = round(1 / BUDGET), (setting,)
    return (
        Policy("never", own, budget=0, purse=0),
        Policy("every period", own, every=1),
        Policy("calendar", own, budget=BUDGET, every=every),
        Policy("on loss", own, budget=BUDGET, on_loss=True, proof=-1.0, margin=MARGIN),
        default_policy(own),
    )


def default_policy(settings: tuple[str, ...]) -> Policy:
    """Return the policy that ``init`` writes, as far as a matrix can replay it."""
    return Policy(
        "default", settings, budget=BUDGET, reserve=1.0, every=round(1 / BUDGET), patience=2.0,
        on_loss=True, proof=-1.0, margin=MARGIN,
    )  # fmt: skip


def worth_of(matrix: Matrix, settings: Sequence[str]) -> tuple[tuple[PolicyWorth, ...], Gain]:
    """Return what each standard policy is worth over each setting, and the gain there is.

    The gain is that of retraining in every period by the setting that does best so. The best
    possible policy with the budget, known only afterwards, is the last of each setting. With more
    than one setting the default policy comes once more, choosing among them.
    """
    replays = {
        name: [replay(matrix, policy) for policy in standard_policies(name)] for name in settings
    }
    chosen = max(settings, key=lambda name: mean_score(replays[name][1].scores))
    first = np.array(replays[settings[0]][0].scores)
    whole = gain(np.array(replays[chosen][1].scores) - first)
    most = math.floor((matrix.periods - 1) * BUDGET)
    best = {name: best_served(matrix.scores[name], most) for name in settings}
    for name in settings:
        trained = best[name].trained[1:]
        replays[name].append(Replay("best possible", best[name].scores, trained, trained))
    if len(settings) > 1:
        replays[CHOSEN] = [replay(matrix, default_policy(tuple(settings)))]
        best[CHOSEN] = max(best.values(), key=lambda one: mean_score(one.scores))
    rows = [
        _worth(name, one, best[name].scores, first, whole)
        for name, policies in replays.items()
        for one in policies
    ]
    return tuple(rows), whole


def _worth(
    setting: str, one: Replay, best: tuple[float, ...], first: Scores, whole: Gain
) -> PolicyWorth:
    own = gain(np.array(one.scores) - first)
    return PolicyWorth(
        policy=one.policy,
        setting=setting,
        retrains=len(one.retrained),
        promotions=len(one.promoted),
        mean_score=mean_score(one.scores),
        gain=own,
        kept=own.mean / whole.mean if whole.mean > 0 else math.nan,
        regret=gain(np.array(best) - np.array(one.scores)).mean,
    )


def coverage(matrix: Matrix, setting: str, holdout: int = 1) -> float:
    """Return how often the interval of a model's holdout held its score in the next period."""
    hits = []
    for moment in range(holdout, matrix.periods):
        name: Trained = (setting, moment - holdout)
        rows = slice(matrix.labelled[moment - holdout], matrix.labelled[moment])
        seen = matrix.estimate(name, rows)
        later = float(matrix.scores[setting][moment - holdout, moment])
        if seen is not None and not math.isnan(seen.error + later):
            hits.append(abs(later - seen.value) <= WIDE * seen.error)
    return float(np.mean(hits)) if hits else math.nan


def matrix_sentence(policies: tuple[PolicyWorth, ...], whole: Gain, metric: str) -> str:
    """Return what the matrix says in one sentence."""
    name = metric_name(metric, begins=True)
    interval = f"{whole.mean:+.4f} [{whole.low:+.4f}, {whole.high:+.4f}]"
    if not whole.proven:
        return (
            f"There is nothing to gain: retraining in every period changes {name} by {interval} a "
            "period, which includes zero."
        )
    default = [one for one in policies if one.policy == "default"]
    best = max(default, key=lambda one: one.mean_score)
    return (
        f"Retraining in every period gains {interval} of {name} a period; the default policy on "
        f"{best.setting} keeps {best.kept:.0%} of it with {best.retrains} retrainings."
    )
