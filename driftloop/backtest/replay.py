"""Policies replayed over an evaluation matrix: when to retrain, and what a challenger must show."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from driftloop.backtest.matrix import Estimate, Matrix, Trained
from driftloop.decision.payoff import CLEARLY, Price, calendar_wait, price_now
from driftloop.promotion.sequential import judge_trial
from driftloop.training.plan.choice import FOLDS

WIDE = 1.96
"""Standard errors on each side of an interval of 95 %."""

NEW_EVIDENCE = 0.33
"""Share by which an episode has to grow after a challenger that lost."""

SLACK, LIMIT = 0.5, 4.0
"""Of the cumulative sum of losses, in standard errors: what is let pass, and where it alarms."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to retrain, on which rows, and what a challenger has to show.

    Args:
        settings: names of training settings in the matrix. Each challenger has the one that scores
            best in the periods before its holdout; the first that is as good within a standard
            error of the difference.
        budget: retrainings per period that may be spent; unspent ones add up to `purse`.
        price: what a retraining costs: what was lost since the last one has to come to it; see
            `driftloop.decision.payoff`. None without a price.
        every: periods after which the calendar retrains; None without a calendar.
        on_loss: whether a loss of performance retrains.
        refit: whether what won is trained on its holdout, too.
        holdout: rows that a challenger is compared on, at most; never more than half of those that
            are new to the champion, nor of those since a loss began.
        proof: standard errors by which a challenger has to be better; negative where it may be
            worse, None without a comparison.
        margin: loss that its interval has to exclude.
        probation: labelled periods in which a new champion may still be rolled back.
        stop_after: challengers of a loss that lose in a row, after which a person is called.
        patience: factor by which the calendar waits longer as long as the last challengers, taken
            together, were not better (see `driftloop.decision.payoff`).
    """

    name: str
    settings: tuple[str, ...]
    budget: float = 1.0
    price: Price | None = None
    purse: float = 3.0
    reserve: float = 0.0
    every: int | None = None
    on_loss: bool = False
    refit: bool = True
    holdout: int = 10**9
    proof: float | None = None
    margin: float = math.inf
    probation: int = 0
    stop_after: int = 5
    patience: float = 1.0


@dataclass(frozen=True, slots=True)
class Replay:
    """What a policy served: the score of each period, and the moments at which it did what.

    An alarm is a loss that begins. A person who is called retrains, as in a backtest. `worth` is
    what each period's predictions are worth, NaN where outcomes have no value.
    """

    policy: str
    scores: tuple[float, ...]
    retrained: tuple[int, ...]
    promoted: tuple[int, ...]
    worth: tuple[float, ...] = ()
    rolled_back: tuple[int, ...] = ()
    alarms: tuple[int, ...] = ()
    calls: int = 0


@dataclass(slots=True)
class _State:
    """What a policy knows at a moment."""

    champion: Trained
    level: float
    purse: float
    wait: float
    loss: float = 0.0
    expected: float = math.nan
    """What a row is to be worth."""
    lost: float = 0.0
    """What was lost of that since."""
    episode: int = 0
    again: float = 0.0
    last: int = 0
    before: Trained | None = None
    """The predecessor, as long as the champion is on probation."""
    looks: list[Estimate] = field(default_factory=list)
    losers: int = 0
    calls: int = 0
    alarms: list[int] = field(default_factory=list)
    rolled_back: list[int] = field(default_factory=list)
    gained: list[float] = field(default_factory=list)
    retrained: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)


Detector = Callable[[Trained, slice], bool]
"""Says of a champion and newly labelled rows whether it is losing, in place of a cumulative sum."""


def replay(matrix: Matrix, policy: Policy, detector: Detector | None = None) -> Replay:
    """Return what a policy would have served in each period.

    The first model is that of moment 0. At each later moment the policy sees the labels that were
    known by then.
    """
    state = _State((policy.settings[0], 0), -math.inf, policy.purse, policy.every or math.inf)
    scores, worth = [], []
    for moment in range(matrix.periods):
        if moment > 0:
            state.purse = min(policy.purse, state.purse + policy.budget)
            rows = slice(matrix.labelled[moment - 1], matrix.labelled[moment])
            _count_worth(matrix, policy, state, rows)
            _on_probation(matrix, policy, state, moment)
            _look(matrix, state, moment, detector)
            if _due(policy, state, moment):
                _challenge(matrix, policy, state, moment)
        setting, trained = state.champion
        scores.append(float(matrix.scores[setting][trained, moment]))
        rows = slice(matrix.edges[moment], matrix.edges[moment + 1])
        worth.append(matrix.worth(state.champion, rows))
    return Replay(
        policy.name,
        tuple(scores),
        tuple(state.retrained),
        tuple(state.promoted),
        tuple(worth),
        tuple(state.rolled_back),
        tuple(state.alarms),
        state.calls,
    )


def _count_worth(matrix: Matrix, policy: Policy, state: _State, rows: slice) -> None:
    """Add what newly labelled rows are worth less than was expected, where there is a price."""
    count = rows.stop - rows.start
    if policy.price is None or count == 0:
        return
    worth = matrix.worth(state.champion, rows)
    state.expected = worth / count if math.isnan(state.expected) else state.expected
    state.lost += state.expected * count - worth


def _look(matrix: Matrix, state: _State, moment: int, detector: Detector | None) -> None:
    """Add what the newest labelled period says to the champion's cumulative sum of losses."""
    rows = slice(matrix.labelled[moment - 1], matrix.labelled[moment])
    seen = matrix.estimate(state.champion, rows)
    if seen is None or not seen.error > 0:
        return
    if state.level == -math.inf:
        state.level = seen.value
    if state.loss == 0.0:
        state.episode = moment
    before = state.loss
    if detector is None:
        state.loss = max(0.0, before + (state.level - seen.value) / seen.error - SLACK)
    elif detector(state.champion, rows):
        state.loss = math.inf
    if before <= LIMIT < state.loss:
        state.alarms.append(moment)


def _on_probation(matrix: Matrix, policy: Policy, state: _State, moment: int) -> None:
    """Roll a new champion back that is proven worse than its predecessor on the newest rows."""
    if state.before is None:
        return
    rows = slice(matrix.labelled[moment - 1], matrix.labelled[moment])
    look = matrix.estimate(state.champion, rows, state.before)
    if look is None or not look.error > 0:
        return
    state.looks.append(look)
    status = judge_trial(state.looks, policy.probation).status
    if status == "worse":
        state.champion = state.before
        state.rolled_back.append(moment)
    if status != "going_on":
        state.before = None


def _due(policy: Policy, state: _State, moment: int) -> bool:
    if policy.price is not None and state.lost < price_now(policy.price, state.gained):
        return False
    if state.purse < 1:
        return False
    age = moment - state.last
    if policy.on_loss and state.loss > LIMIT and moment >= state.again:
        return True
    return age >= state.wait and state.purse >= 1 + policy.reserve


def _challenge(matrix: Matrix, policy: Policy, state: _State, moment: int) -> None:
    proof = _holdout(matrix, policy, state, moment)
    setting = _best_setting(matrix, policy, moment - proof)
    challenger = setting, moment - proof
    if matrix.model((setting, moment)) is None or matrix.model(challenger) is None:
        return
    state.purse -= 1
    state.last = moment
    state.retrained.append(moment)
    better = matrix.estimate(challenger, slice(0, matrix.labelled[moment]), state.champion)
    won = better is None or _accepted(policy, better)
    _remember(policy, state, better, won)
    _expect(matrix, state, challenger if won else state.champion, challenger, moment)
    if not won:
        return
    state.before, state.looks = (state.champion if policy.probation else None), []
    state.champion = (setting, moment) if policy.refit else challenger
    state.promoted.append(moment)
    kept = matrix.estimate(challenger, slice(0, matrix.labelled[moment]))
    if kept is not None and kept.value > state.level:
        state.level = kept.value


def _remember(policy: Policy, state: _State, better: Estimate | None, won: bool) -> None:
    """Remember what a challenger gained, for the calendar, the episode and who loses in a row."""
    on_loss, moment = state.loss > LIMIT, state.last
    if better is not None:
        state.gained.append(_standard_errors(better))
    if policy.every is not None:
        state.wait = calendar_wait(state.gained, policy.every, policy.patience)
    if better is not None and _standard_errors(better) <= CLEARLY:
        state.again = moment + (moment - state.episode + 1) * NEW_EVIDENCE
    else:
        state.loss, state.again = 0.0, 0.0
    state.losers = state.losers + 1 if on_loss and not won else 0
    if state.losers >= policy.stop_after:
        state.losers, state.calls = 0, state.calls + 1


def _expect(
    matrix: Matrix, state: _State, serves: Trained, challenger: Trained, moment: int
) -> None:
    """Expect the best that what served was worth on a holdout; nothing is lost of that yet."""
    rows = slice(matrix.labelled[challenger[1]], matrix.labelled[moment])
    state.lost = 0.0
    if rows.stop > rows.start:
        worth = matrix.worth(serves, rows) / (rows.stop - rows.start)
        state.expected = max(worth, state.expected)  # the former where nothing is known yet


def _best_setting(matrix: Matrix, policy: Policy, end: int) -> str:
    """Return the setting that is chosen on the newest periods before a holdout.

    As `driftloop.training.plan.choice` does: by the mean score over periods, each scored by models
    of its past; the first setting that the best is not better than by one standard error.
    """
    periods = range(max(1, end - FOLDS), end)
    scored = [[_period_score(matrix, name, at) for name in policy.settings] for at in periods]
    known = [at for at, scores in zip(periods, scored, strict=True) if np.isfinite(scores).all()]
    if not known:
        return policy.settings[0]
    means = np.mean([scored[at - periods.start] for at in known], axis=0)
    best = policy.settings[int(means.argmax())]
    near = (name for name in policy.settings if not _proven_better(matrix, best, name, known))
    return next(near)


def _period_score(matrix: Matrix, setting: str, period: int) -> float:
    rows = slice(0, matrix.labelled[period + 1])
    found = matrix.estimate((setting, period), rows)
    return math.nan if found is None else found.value


def _proven_better(matrix: Matrix, best: str, other: str, periods: list[int]) -> bool:
    """Return whether a setting is better than another by more than one standard error."""
    rows = [slice(0, matrix.labelled[period + 1]) for period in periods]
    pairs = zip(periods, rows, strict=True)
    found = [matrix.estimate((best, at), some, (other, at)) for at, some in pairs]
    known = [one for one in found if one is not None]
    error = math.sqrt(sum(one.error**2 for one in known))
    return sum(one.value for one in known) > error  # false where an error is undefined


def _accepted(policy: Policy, better: Estimate) -> bool:
    if policy.proof is None or math.isnan(better.error):
        return True
    return better.value >= max(policy.proof * better.error, WIDE * better.error - policy.margin)


def _standard_errors(better: Estimate) -> float:
    """Return a difference in standard errors; 0 of two models that are one."""
    return better.value / better.error if better.error > 0 else 0.0


def _holdout(matrix: Matrix, policy: Policy, state: _State, moment: int) -> int:
    """Return the periods a challenger is compared on."""
    new = moment - state.champion[1]
    if state.loss > LIMIT:
        new = min(new, moment - state.episode + 1)
    most = max(1, new // 2)
    rows = matrix.labelled[moment] - np.array(matrix.labelled[:moment][::-1])
    enough = int(np.searchsorted(rows, policy.holdout)) + 1
    return max(1, min(most, enough))
