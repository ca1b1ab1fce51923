"""A changed relation is found by what a model learns of the errors, and other inputs are none."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from driftloop.base.findings import Promise
from driftloop.performance.estimates.base import NoEstimateError
from driftloop.performance.level import NO_RECORD
from driftloop.performance.promise import judge_promise, shortfall
from driftloop.performance.relation import relation_change
from tests.driftloop.performance.estimates.streams import Rows, binary, inputs, quantity, three


def ruled(rows: int, seed: int, border: float = 8.0) -> Rows:
    """A rule with 10 % of noise; the champion knows the rule with the border at 8."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, (rows, 3))
    y = ((x[:, 0] + x[:, 1] > border) ^ (rng.random(rows) < 0.1)).astype(int)
    positive = np.where(x[:, 0] + x[:, 1] > 8, 0.9, 0.1)
    return pd.DataFrame(x, columns=["a", "b", "c"]), y, np.column_stack([1 - positive, positive])


def promised(before: Rows, now: Rows) -> Promise:
    data = inputs("roc_auc", before, now)
    relation = relation_change(data, now[1])
    return judge_promise(shortfall(data, now[1]), now[1], NO_RECORD, 0.2, 1.0, relation)


def test_a_rule_that_moves_is_found_in_one_window() -> None:
    """The border moves by 0.7: 6 % of the rows have the other outcome."""
    before, now = ruled(1700, 0), ruled(1440, 1, border=8.7)
    found = relation_change(inputs("roc_auc", before, now), now[1])
    moved = ((now[0]["a"] + now[0]["b"]).between(8, 8.7)).mean()
    assert 0.3 * moved * 0.8**2 < found.size < 1.1 * moved * 0.8**2
    assert found.p_value(0.25) == pytest.approx(
        norm.cdf((0.25 * found.allowed - found.size) / found.error)
    )
    brier = before[1].var() - 0.09
    assert found.allowed == pytest.approx(0.1 * brier, rel=0.1)
    promise = promised(before, now)
    assert promise.status == "broken"
    assert "; where it errs has changed beyond chance: the same inputs" in promise.sentence
    assert promise.p_value == 2 * (promise.relation or math.nan)
    assert promised(before, ruled(1440, 1)).status == "kept"


def weighed(rows: int, seed: int, weight: float = 0.5) -> Rows:
    """Eight of fifteen inputs that weigh alike; the champion knows the weight of 0.5."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 15))
    of_weight = {each: 1 / (1 + np.exp(-each * x[:, :8].sum(axis=1))) for each in (0.5, weight)}
    y = (rng.random(rows) < of_weight[weight]).astype(int)
    names = [f"x{place}" for place in range(15)]
    return pd.DataFrame(x, columns=names), y, np.column_stack([1 - of_weight[0.5], of_weight[0.5]])


def test_what_changes_a_little_everywhere_is_found() -> None:
    """All weights halved: trees that follow single rows would learn their noise in its place."""
    scores = []
    for seed in range(4):
        now = weighed(3000, 100 + seed, 0.25)
        found = relation_change(inputs("roc_auc", weighed(3000, seed), now), now[1])
        scores.append(found.size / found.error)
    assert np.mean(scores) > 3.4  # 4.1, and 2.8 by trees of 31 leaves


@pytest.mark.slow
@pytest.mark.parametrize(("stream", "metric"), [(binary, "roc_auc"), (quantity, "neg_mae")])
def test_other_inputs_are_no_other_relation(stream: Any, metric: Any) -> None:
    """z of 12 windows: about a normal variable, also where the champion is wrong throughout."""
    scores = []
    for seed in range(12):
        before, now = stream(800, seed), stream(400, 1000 + seed, shift=1.0)
        found = relation_change(inputs(metric, before, now), now[1])
        scores.append(found.size / found.error)
    assert np.mean(scores) < 0.6
    assert 0.3 < np.std(scores) < 1.3
    assert max(scores) < 3.45


def test_a_relation_of_three_classes_and_of_a_quantity_changes_too() -> None:
    features, y, p = three(3000, 1)
    turned = np.where(features["a"] > 0.5, (y + 1) % 3, y)
    data = inputs("accuracy", three(3000, 0), (features, turned, p))
    assert relation_change(data, turned).p_value(0.25) < 1e-6
    features, y, p = quantity(3000, 1)
    raised = y + 3 * (features["b"] > 0.8)
    data = inputs("neg_rmse", quantity(3000, 0), (features, raised, p))
    assert relation_change(data, raised).p_value(0.25) < 1e-6


def test_few_rows_are_not_compared() -> None:
    with pytest.raises(NoEstimateError, match="100 rows"):
        relation_change(inputs("roc_auc", binary(300, 0), binary(60, 1)), binary(60, 1)[1])
