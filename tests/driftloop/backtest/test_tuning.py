"""Choosing a policy: the configured one stays unless another is proven better."""

from dataclasses import replace

import numpy as np
import pytest

from driftloop.backtest.policies import Alternative, alternatives, policy_of, tuned_settings
from driftloop.backtest.tuning import choose, reason, try_policies
from driftloop.config.model_config import ModelConfig
from driftloop.decision.payoff import Price
from tests.driftloop.backtest.test_matrix import MONEY, OWN, turning
from tests.driftloop.config.test_editing import CONFIG


def config(**changes: object) -> ModelConfig:
    return ModelConfig.model_validate({**CONFIG, **changes})


def test_policies_that_are_no_better_are_chosen_in_a_twentieth() -> None:
    """Five alternatives that differ by dependent noise alone, 400 times over 48 periods."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        noise = rng.normal(size=(6, 49))
        wrong += choose(list(noise[:, 1:] + 0.4 * noise[:, :-1]))[1] != 0
    assert wrong / 400 < 0.05 + 3 * 0.011  # three standard errors of the share


def test_the_best_of_those_that_are_proven_better_is_chosen() -> None:
    rng = np.random.default_rng(1)
    series = [rng.normal(lift, 0.1, 40) for lift in (0.0, 0.05, 0.3, 0.2)]
    better, chosen = choose(series)
    assert chosen == 2
    assert better[2].mean == pytest.approx((series[2] - series[0]).mean())
    assert better[0].mean == 0
    assert choose([one[:11] for one in series])[1] == 0, "too few periods"
    assert choose([series[2], series[0]])[1] == 0


def test_a_policy_that_notices_a_turn_replaces_one_that_does_not() -> None:
    matrix = turning(4)
    asleep = replace(OWN, on_loss=False, every=None)
    noticing = Alternative(replace(OWN, name="on loss"), {("decision", "budget"): 0.34})
    tried, best, whole = try_policies(matrix, (Alternative(asleep), noticing))
    assert [one.chosen for one in tried] == [False, True]
    assert tried[1].values == {"decision.budget": "0.34"}
    assert tried[1].better.mean == pytest.approx(tried[1].worth.gain.mean)
    assert best.gain.mean >= tried[1].worth.gain.mean
    why = reason(tried, whole, "roc_auc", 16)
    assert why.startswith("'on loss' is better than what was configured by +0.")
    assert "retrainings instead of 0" in why


def test_the_reason_says_why_nothing_is_changed() -> None:
    own = (Alternative(OWN), Alternative(replace(OWN, name="rarer", every=6)))
    tried, _, whole = try_policies(turning(None), own)
    assert "nothing to gain is proven" in reason(tried, whole, "roc_auc", 16)
    tried, _, whole = try_policies(turning(4), own)
    assert reason(tried, whole, "roc_auc", 16).startswith("as configured: ")
    assert "5 periods are too few to choose, 12 needed" in reason(tried, whole, "roc_auc", 5)


def test_with_a_price_what_counts_is_money_less_what_retrainings_cost() -> None:
    matrix = replace(turning(4), value=MONEY)
    eager = replace(OWN, budget=1, price=Price(retrain=1e-9), every=1, patience=1, reserve=0)
    dear = replace(eager, price=Price(retrain=1e6))
    tried, best, _ = try_policies(matrix, (Alternative(dear), Alternative(eager)))
    assert tried[0].worth.retrains == best.retrains == 0
    assert tried[1].better.mean < -1e4, "the price is the configured one for all"
    assert tried[0].chosen


def test_alternatives_are_what_a_configuration_could_state() -> None:
    own = config()
    found = {one.policy.name: one for one in alternatives(own)}
    assert list(found) == [
        *("as configured", "steady calendar", "calendar, every 6", "strict proof"),
        *("wide margin", "recency weights", "without all", "without sliding 8 weeks"),
    ]
    assert found["as configured"].policy == policy_of(own)
    assert (policy_of(own).every, policy_of(own).patience, policy_of(own).proof) == (3, 2, -1)
    assert [one.name for one in tuned_settings(own)] == [
        *("all", "sliding 8 weeks", "all half-life 8 weeks"),
    ]
    assert all(one.policy.budget == 0.34 for one in found.values())
    weighted = {**CONFIG["training"], "half_lives": ["4 weeks"]}
    assert "recency weights" not in [
        one.policy.name for one in alternatives(config(training=weighted))
    ]
    bare = config(decision={"triggers": []}, comparison={"metric": "roc_auc"})
    assert [one.policy.name for one in alternatives(bare)] == [
        *("as configured", "recency weights", "without all", "without sliding 8 weeks")
    ]
    assert found["without all"].policy.settings == ("sliding 8 weeks",)
    assert policy_of(bare).every is None
    priced = config(
        value={"true_positive": 5, "false_positive": -1},
        decision={**CONFIG["decision"], "budget": {"retrain": 40}},
    )
    assert policy_of(priced).price == Price(retrain=40)
    names = [one.policy.name for one in alternatives(priced)]
    assert "calendar, every 1" in names
