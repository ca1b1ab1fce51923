"""Policies replayed over an evaluation matrix: when to retrain, and what a challenger must show."""

import math
from dataclasses import dataclass, field

import numpy as np

from driftloop.backtest.matrix import Matrix, Trained

SLACK, LIMIT = 0.5, 4.0
"""Of the cumulative sum of losses, in standard errors: what is let pass, and where it alarms."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to retrain, on which rows, and what a challenger has to show.

    Args:
        setting: name of the training setting in the matrix.
        budget: retrainings per period that may be spent; unspent ones add up to `purse`.
        every: periods after which the calendar retrains; None without a calendar.
        on_loss: whether a loss of performance retrains.
        refit: whether what won is trained on its holdout, too.
        holdout: rows that a challenger is compared on, at most; never more than half of those that
            are new to the champion.
        proof: standard errors by which a challenger has to be better; negative where it may be
            worse, None without a comparison.
        patience: factor by which the calendar waits longer after each challenger that did not
            prove better by one standard error.
    """

    name: str
    setting: str
    budget: float = 1.0
    purse: float = 3.0
    reserve: float = 0.0
    every: int | None = None
    on_loss: bool = False
    refit: bool = True
    holdout: int = 10**9
    proof: float | None = None
    patience: float = 1.0


@dataclass(frozen=True, slots=True)
class Replay:
    """What a policy served: the score of each period, and the moments it trained and promoted."""

    policy: str
    scores: tuple[float, ...]
    retrained: tuple[int, ...]
    promoted: tuple[int, ...]


@dataclass(slots=True)
class _State:
    """What a policy knows at a moment."""

    champion: Trained
    since: int
    baseline: float | None
    purse: float
    wait: float
    loss: float = 0.0
    last: int = 0
    retrained: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)


def replay(matrix: Matrix, policy: Policy) -> Replay:
    """Return what a policy would have served in each period.

    The first model is that of moment 0. At each later moment the policy sees the labels that were
    known by then.
    """
    state = _State((policy.setting, 0), 0, None, policy.purse, policy.every or math.inf)
    scores = []
    for moment in range(matrix.periods):
        if moment > 0:
            _look(matrix, policy, state, moment)
            if _due(policy, state, moment):
                _challenge(matrix, policy, state, moment)
        setting, trained = state.champion
        scores.append(float(matrix.scores[setting][trained, moment]))
    return Replay(policy.name, tuple(scores), tuple(state.retrained), tuple(state.promoted))


def _look(matrix: Matrix, policy: Policy, state: _State, moment: int) -> None:
    """Add what the newest labelled period says to the champion's cumulative sum of losses."""
    state.purse = min(policy.purse, state.purse + policy.budget)
    rows = slice(matrix.labelled[moment - 1], matrix.labelled[moment])
    seen = matrix.estimate(state.champion, rows)
    if seen is None or not seen.error > 0:
        return
    if state.baseline is None:
        state.baseline = seen.value
    short = (state.baseline - seen.value) / seen.error
    state.loss = max(0.0, state.loss + short - SLACK)


def _due(policy: Policy, state: _State, moment: int) -> bool:
    if state.purse < 1:
        return False
    age = moment - state.last
    if policy.on_loss and state.loss > LIMIT:
        return True
    return age >= state.wait and state.purse >= 1 + policy.reserve


def _challenge(matrix: Matrix, policy: Policy, state: _State, moment: int) -> None:
    proof = _holdout(matrix, policy, state, moment)
    challenger = policy.setting, moment - proof
    if matrix.model((policy.setting, moment)) is None or matrix.model(challenger) is None:
        return
    state.purse -= 1
    state.last = moment
    state.retrained.append(moment)
    rows = slice(0, matrix.labelled[moment])
    better = matrix.estimate(challenger, rows, state.champion)
    z = math.nan
    if better is not None:
        z = _standard_errors(better.value, better.error)
    if policy.every is not None:
        pays = math.isnan(z) or z > 1
        state.wait = policy.every if pays else state.wait * policy.patience
    if policy.proof is not None and not math.isnan(z) and z <= policy.proof:
        state.loss = 0.0  # what it lost is known, and cannot be helped for now
        return
    state.champion = (policy.setting, moment) if policy.refit else challenger
    state.since, state.loss = moment, 0.0
    state.promoted.append(moment)
    kept = matrix.estimate(challenger, rows)
    state.baseline = None if kept is None else kept.value


def _standard_errors(value: float, error: float) -> float:
    """Return a difference in standard errors; of two models that are one it is 0."""
    if value == 0:
        return 0.0
    return value / error if error > 0 else math.nan


def _holdout(matrix: Matrix, policy: Policy, state: _State, moment: int) -> int:
    """Return the periods a challenger is compared on."""
    most = max(1, (moment - state.champion[1]) // 2)
    rows = matrix.labelled[moment] - np.array(matrix.labelled[:moment][::-1])
    enough = int(np.searchsorted(rows, policy.holdout)) + 1
    return max(1, min(most, enough))
