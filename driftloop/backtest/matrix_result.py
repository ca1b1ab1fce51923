"""Worth of policies over an evaluation matrix, beside the best possible ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import numpy as np
from pydantic import Field

from driftloop.backtest.gain import Gain, gain
from driftloop.backtest.matrix import Matrix, Trained
from driftloop.backtest.oracle import best_served
from driftloop.backtest.policies import CONFIGURED, standard_policies
from driftloop.backtest.replay import WIDE, Policy, Replay, replay
from driftloop.backtest.summary import mean_score
from driftloop.base.scores import metric_name
from driftloop.base.serialize import RoundedRate, RoundedScore
from driftloop.performance.metrics import Scores

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
    gain: Annotated[Gain, Field(description="Over the first model, per period, in the unit.")]
    kept: Annotated[
        RoundedScore, Field(description="Share of what retraining in every period gains.")
    ]
    regret: Annotated[
        RoundedScore,
        Field(description="What the best policy with this budget or price gains more per period."),
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
    unit: Annotated[str, Field(description="Of gain and regret: the metric, or the currency.")]
    gain: Annotated[
        Gain, Field(description="Of retraining in every period, before what that costs.")
    ]
    coverage: Annotated[
        RoundedScore,
        Field(description="How often a holdout's 95 % interval held the next period's score."),
    ]
    folder: Annotated[str, Field(description="Where the predictions are kept.")]
    plot: str | None
    seconds: RoundedRate
    sentence: str


def worth_of(matrix: Matrix, own: Policy) -> tuple[tuple[PolicyWorth, ...], Gain]:
    """Return what each standard policy is worth over each setting of a policy, and the gain.

    The best possible policy with the budget or price, known only afterwards, is the last of each
    setting. With more than one setting the policy itself comes once more, choosing among them.
    """
    scale = scale_of(matrix, own)
    rows: list[PolicyWorth] = []
    for name in own.settings:
        replays = [replay(matrix, policy) for policy in standard_policies(own, name)]
        rows += [scale.worth(name, done) for done in (*replays, scale.best[name])]
    if len(own.settings) > 1:
        rows.append(scale.worth(CHOSEN, replay(matrix, own)))
    return tuple(rows), scale.whole


@dataclass(frozen=True, slots=True)
class Scale:
    """What policies are measured by: the first model, all retraining, and the best possible.

    All are per period (periods,), in what counts: what the predictions are worth, less the price of
    each retraining, where outcomes have a value, and the metric otherwise.
    """

    price: float
    money: bool
    first: Scores
    whole: Gain
    best: Mapping[str, Replay]

    def counted(self, done: Replay) -> Scores:
        """Return what counts of a policy in each period."""
        if not self.money:
            return np.array(done.scores)
        paid = np.zeros(len(done.worth))
        paid[list(done.retrained)] = self.price
        net: Scores = np.array(done.worth) - paid
        return net

    def worth(self, setting: str, done: Replay) -> PolicyWorth:
        """Return what a policy is worth, whose setting is one of the matrix, or `CHOSEN`."""
        own, known = self.counted(done), self.best.get(setting)
        best = known or max(self.best.values(), key=lambda other: mean_score(self.counted(other)))
        gained = gain(own - self.first)
        return PolicyWorth(
            policy=done.policy,
            setting=setting,
            retrains=len(done.retrained),
            promotions=len(done.promoted),
            mean_score=mean_score(done.scores),
            gain=gained,
            kept=gained.mean / self.whole.mean if self.whole.mean > 0 else math.nan,
            regret=gain(self.counted(best) - own).mean,
        )


def scale_of(matrix: Matrix, own: Policy) -> Scale:
    """Return what policies with the settings and the budget of one are measured by.

    The gain there is is that of retraining in every period, before what that costs, by the setting
    that does best so.
    """
    money, price = matrix.value is not None, own.price.retrain if own.price else 0.0
    tables = {name: matrix.worths(name) if money else matrix.scores[name] for name in own.settings}
    first = tables[own.settings[0]][0]
    whole = max(
        (gain(table.diagonal() - first) for table in tables.values()),
        key=lambda gained: gained.mean,
    )
    most = matrix.periods - 1 if own.price else math.floor((matrix.periods - 1) * own.budget)
    best = {name: _best(matrix, name, table, (most, price)) for name, table in tables.items()}
    return Scale(price, money, first, whole, best)


def _best(matrix: Matrix, setting: str, table: Scores, limit: tuple[int, float]) -> Replay:
    trained = best_served(table, *limit).trained
    served = [max(at for at in trained if at <= period) for period in range(matrix.periods)]
    every = range(matrix.periods)
    scores = tuple(float(matrix.scores[setting][served[at], at]) for at in every)
    worth = tuple(float(table[served[at], at]) for at in every) if matrix.value else ()
    return Replay("best possible", scores, trained[1:], trained[1:], worth)


def coverage(matrix: Matrix, setting: str) -> float:
    """Return how often the interval of a model's holdout held its score in the next period."""
    hits = []
    for moment in range(1, matrix.periods):
        name: Trained = (setting, moment - 1)
        rows = slice(matrix.labelled[moment - 1], matrix.labelled[moment])
        seen = matrix.estimate(name, rows)
        later = float(matrix.scores[setting][moment - 1, moment])
        if seen is not None and not math.isnan(seen.error + later):
            hits.append(abs(later - seen.value) <= WIDE * seen.error)
    return float(np.mean(hits)) if hits else math.nan


def matrix_sentence(policies: tuple[PolicyWorth, ...], whole: Gain, unit: str) -> str:
    """Return what the matrix says in one sentence, of gains in a metric or a currency."""
    name = metric_name(unit)
    interval = f"{whole.mean:+.4g} [{whole.low:+.4g}, {whole.high:+.4g}] {name}"
    if not whole.proven:
        return (
            f"There is nothing to gain: retraining in every period brings {interval} a period, "
            "which includes zero."
        )
    own = [row for row in policies if row.policy == CONFIGURED]
    best = max(own, key=lambda row: row.gain.mean)
    return (
        f"Retraining in every period brings {interval} a period; the policy as configured on "
        f"{best.setting} keeps {best.kept:.0%} of it with {best.retrains} retrainings."
    )
