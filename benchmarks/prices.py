"""Losses of policies against the best possible one where a retraining has a price.

A row that is called right is worth 1, one that is called wrong costs 1 (of a regression each unit
of error costs 1). The price of a retraining is a multiple of what retraining in every period gains
a period, before what that costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.page import table
from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_result import scale_of
from driftloop.backtest.replay import Policy, replay
from driftloop.decision.payoff import Price
from driftloop.performance.value import ValueSettings

RATIOS = (0.25, 1.0, 4.0, 16.0)
"""Price of a retraining in gains a period."""

CALLS = ValueSettings(true_positive=1, true_negative=1, false_positive=-1, false_negative=-1)
ERRORS = ValueSettings(per_unit_of_error=-1)


@dataclass(frozen=True)
class Regret:
    """What a policy has less than the best possible one at a price, as a share of the best's."""

    stream: str
    ratio: float
    policy: str
    regret: float
    retrains: int


def policies(own: Policy, price: float) -> Mapping[str, Policy]:
    """Return the policy that is told the price, and those that are not."""
    return {
        "price": replace(own, price=Price(retrain=price), budget=1.0),
        "default": own,
        "always": Policy("", own.settings, every=1),
        "never": Policy("", own.settings, budget=0, purse=0),
    }


def regrets(stream: str, matrix: Matrix, own: Policy) -> list[Regret]:
    """Return the regret of each policy at each price; nothing where there is nothing to gain.

    What is compared is the worth over the first model's, less what was paid.
    """
    valued = replace(matrix, value=CALLS if matrix.classes == 2 else ERRORS)
    whole = scale_of(valued, own).whole
    if not whole.proven:
        return []
    found = []
    for ratio in RATIOS:
        priced = policies(own, ratio * whole.mean)
        scale = scale_of(valued, priced["price"])
        best = max(
            np.nansum(scale.counted(best_replay) - scale.first)
            for best_replay in scale.best.values()
        )
        if best <= 0:  # at this price it is best never to retrain, and no share can be told
            continue
        for name, policy in priced.items():
            done = replay(valued, policy)
            net = np.nansum(scale.counted(done) - scale.first)
            regret = float((best - net) / best)
            found.append(Regret(stream, ratio, name, regret, len(done.retrained)))
    return found


def summary(found: Sequence[Regret]) -> str:
    """Return the table: mean and worst regret of each policy at each price."""
    lines = []
    for ratio in RATIOS:
        line = [f"{ratio:g}"]
        for name in ("price", "default", "always", "never"):
            own = [row for row in found if (row.ratio, row.policy) == (ratio, name)]
            if not own:
                line.append("none pays")
                continue
            mean = np.mean([row.regret for row in own])
            retrains = np.mean([row.retrains for row in own])
            line.append(f"{mean:.0%} · {max(row.regret for row in own):.0%} · {retrains:.0f}")
        lines.append(line)
    return table(["price", "told the price", "default", "always", "never"], lines)
