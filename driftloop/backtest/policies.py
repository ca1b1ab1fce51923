"""The policies that are replayed: the one of a configuration, and those beside it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from driftloop.backtest.matrix_models import TrainingSetting, training_settings
from driftloop.backtest.replay import WIDE, Policy
from driftloop.base.periods import Span
from driftloop.base.windows import AllHistory
from driftloop.config.model_config import ModelConfig
from driftloop.decision.decision import RESERVE
from driftloop.decision.payoff import Price
from driftloop.decision.triggers import CalendarTrigger

Values = Mapping[tuple[str, ...], Any]
"""Values of a configuration by their place; None takes one away."""

CONFIGURED = "as configured"
_BY_LABELS = {"performance", "promise"}
_PROOF = {"by_precision": -1.0, "superior": WIDE, "non_inferior": -math.inf}
_RECENT = 8
"""Windows after which a row counts half, where recent ones are to count more."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A policy that a configuration could state, with the values in which it differs."""

    policy: Policy
    values: Values = field(default_factory=dict)


def policy_of(config: ModelConfig, name: str = CONFIGURED) -> Policy:
    """Return the policy of a configuration, as far as a matrix can replay it.

    Left out are drift of the inputs, estimates, age, gates, searches, and rows since a change.
    """
    decision, comparison = config.decision, config.comparison
    calendar = calendar_of(config)
    superior = comparison.claim == "superior"
    budget = decision.budget
    share, price = (1.0, budget) if isinstance(budget, Price) else (budget, None)
    return Policy(
        name,
        tuple(setting.name for setting in training_settings(config)),
        budget=share,
        price=price,
        reserve=RESERVE,
        every=calendar.every if calendar else None,
        patience=calendar.patience if calendar else 1.0,
        on_loss=any(trigger.kind in _BY_LABELS for trigger in decision.triggers),
        refit=config.training.refit,
        probation=config.promotion.probation.windows,
        stop_after=decision.stop_after,
        proof=_PROOF[comparison.claim],
        margin=-comparison.margin if superior else comparison.margin,
    )


def calendar_of(config: ModelConfig) -> CalendarTrigger | None:
    """Return the calendar of a configuration, None without one."""
    triggers = config.decision.triggers
    return next((trigger for trigger in triggers if isinstance(trigger, CalendarTrigger)), None)


def standard_policies(own: Policy, setting: str) -> tuple[Policy, ...]:
    """Return the policies that are compared over a training setting, the configured one last."""
    own = replace(own, settings=(setting,))
    every = own.every or round(1 / own.budget)
    plain = Policy("", own.settings, budget=own.budget)
    return (
        replace(plain, name="never", budget=0, purse=0),
        replace(plain, name="every period", budget=1, every=1),
        replace(plain, name="calendar", every=every),
        replace(own, name="on loss", every=None, reserve=0),
        own,
    )


def alternatives(config: ModelConfig) -> tuple[Alternative, ...]:
    """Return the policy of a configuration, and what could be stated instead; each differs in one.

    None may spend more than the configuration does.
    """
    own = policy_of(config)
    others = (*_of_calendar(config, own), *_of_proof(config, own), *_recent(config))
    return (Alternative(own), *others, *_of_windows(config, own))


def tuned_settings(config: ModelConfig) -> tuple[TrainingSetting, ...]:
    """Return the training settings that any of the alternatives needs."""
    settings = training_settings(config)
    if config.training.half_lives:
        return settings
    return (*settings, TrainingSetting(AllHistory(), _half_life(config)))


def _of_calendar(config: ModelConfig, own: Policy) -> Iterator[Alternative]:
    calendar = calendar_of(config)
    if calendar is None:
        return
    place = ("decision", "triggers", "calendar")
    patience = 1.0 if calendar.patience > 1 else 2.0
    name = "steady calendar" if patience == 1 else "patient calendar"
    yield Alternative(
        replace(own, name=name, patience=patience), {(*place, "patience"): int(patience)}
    )
    rarer = calendar.every * 2
    waits = [rarer] if own.price is None else [1, rarer]
    for every in waits:
        if every != calendar.every:
            name = f"calendar, every {every}"
            yield Alternative(replace(own, name=name, every=every), {(*place, "every"): every})


def _of_proof(config: ModelConfig, own: Policy) -> Iterator[Alternative]:
    claim, margin = config.comparison.claim, config.comparison.margin
    if claim != "superior":
        stricter = replace(own, name="strict proof", proof=WIDE, margin=0.0)
        values: Values = {("comparison", "claim"): "superior", ("comparison", "margin"): 0}
        yield Alternative(stricter, values)
        wider = replace(own, name="wide margin", margin=4 * margin)
        yield Alternative(wider, {("comparison", "margin"): round(4 * margin, 6)})


def _recent(config: ModelConfig) -> Iterator[Alternative]:
    if config.training.half_lives:
        return
    half_life = _half_life(config)
    names = tuple(setting.name for setting in tuned_settings(config))
    own = replace(policy_of(config, "recency weights"), settings=names)
    yield Alternative(own, {("training", "half_lives"): [str(half_life)]})


def _of_windows(config: ModelConfig, own: Policy) -> Iterator[Alternative]:
    """Yield the policies that learn from one training window less, where others are left."""
    kinds = [window.kind for window in config.training.windows]
    fixed = [setting for setting in training_settings(config) if setting.half_life is None]
    for left_out in fixed if len(fixed) > 1 else ():
        if kinds.count(kind := left_out.window.kind) == 1:
            names = tuple(name for name in own.settings if name != left_out.name)
            policy = replace(own, name=f"without {left_out.name}", settings=names)
            yield Alternative(policy, {("training", "windows", kind): None})


def _half_life(config: ModelConfig) -> Span:
    window = config.windows.current
    return Span(_RECENT * window.count, window.unit)
