"""Gates that ask the model itself: speed, size, importances and known effects."""

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.comparison.gates.expectations import Expectation, Expectations
from driftloop.comparison.gates.inputs import GateInputs, Scorer
from driftloop.comparison.gates.latency import Latency
from driftloop.comparison.gates.model_size import ModelSize
from driftloop.comparison.gates.stable_importances import StableImportances
from driftloop.comparison.shapley import shap_importances
from tests.driftloop.cases import probabilities

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(400, 3)), columns=["debt", "income", "noise"])
TABLE["country"] = np.tile(["at", "de"], 200)
Y = np.tile([0, 1], 200)


def by_debt(table: pd.DataFrame) -> Any:
    score = 1.5 * table.debt - table.income + (table.country == "at")
    return probabilities(1 / (1 + np.exp(-score.to_numpy(dtype=float))))


def by_noise(table: pd.DataFrame) -> Any:
    return probabilities(1 / (1 + np.exp(-2 * table.noise.to_numpy(dtype=float))))


def shown(new: Scorer | None, old: Scorer | None = None, table: Any = TABLE) -> GateInputs:
    p = by_debt(TABLE)
    return GateInputs(
        "roc_auc", Y, p, p if old else None, table=table, challenger_model=new, champion_model=old
    )


def test_latency_is_the_median_of_a_batch() -> None:
    asked = []

    def slow(table: pd.DataFrame) -> Any:
        asked.append(len(table))
        time.sleep(0.5 if len(asked) == 3 else 0.01)
        return by_debt(table)

    gate = Latency(maximum=200, rows=1000, repeats=3)
    result = gate.check(shown(Scorer(slow)))
    assert result.passed  # one pause of half a second among three is no median
    assert asked == [1000] * 4
    refused = Latency(maximum=5, repeats=3).check(shown(Scorer(slow)))
    assert refused.status == "refused"
    assert "5 ms are allowed" in refused.sentence
    assert gate.check(shown(None)).status == "not_run"
    assert gate.check(shown(Scorer(slow), table=None)).status == "not_run"


def test_model_size() -> None:
    assert ModelSize(maximum=2).check(shown(Scorer(by_debt, 2_000_000))).passed
    refused = ModelSize(maximum=2).check(shown(Scorer(by_debt, 2_000_001)))
    assert refused.status == "refused"
    assert refused.sentence == "The model takes 2 MB; 2 MB are allowed."
    assert ModelSize(maximum=2).check(shown(Scorer(by_debt))).status == "not_run"
    assert ModelSize(maximum=2).check(shown(None)).status == "not_run"


def test_stored_importances() -> None:
    old = Scorer(by_debt, importances={"a": 0.5, "b": 0.3, "c": 0.2, "d": 0.0})
    same = Scorer(by_debt, importances={"b": 0.5, "a": 0.3, "c": 0.2})
    half = Scorer(by_debt, importances={"a": 0.5, "d": 0.3, "e": 0.2})
    gate = StableImportances(top=3)
    assert gate.check(shown(same, old)).passed
    refused = gate.check(shown(half, old))
    assert refused.status == "refused"
    assert "Of the 3 most important features 1 are the champion's too (a); new: d, e" in (
        refused.sentence
    )
    assert StableImportances(top=3, overlap=0.33).check(shown(half, old)).passed
    assert StableImportances(top=1).check(shown(same, old)).status == "refused"
    assert gate.check(shown(half)).passed
    unknown = gate.check(shown(same, Scorer(by_debt)))
    assert unknown.status == "not_run"
    assert "champion" in unknown.sentence


def test_shapley_values_of_a_linear_model() -> None:
    """Of a linear model and a background b: coefficient times (x - mean of b)."""
    weights = np.array([3.0, -1.0, 0.0])
    numbers = TABLE[["debt", "income", "noise"]]

    def linear(table: pd.DataFrame) -> Any:
        return (table.to_numpy() @ weights)[:, None]

    sample = numbers.sample(85, random_state=7).to_numpy()
    exact = np.abs(weights * (sample[25:] - sample[:25].mean(axis=0))).mean(axis=0)
    found = shap_importances(linear, numbers, 7)
    assert list(found.values()) == pytest.approx(list(exact / exact.sum()), abs=1e-9)


def test_shap_importances_of_both_models(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = StableImportances(method="shap", top=2)
    assert gate.check(shown(Scorer(by_debt), Scorer(by_debt))).passed
    refused = gate.check(shown(Scorer(by_noise), Scorer(by_debt)))
    assert refused.status == "refused"
    assert "new: noise" in refused.sentence
    assert gate.check(shown(None, Scorer(by_debt))).status == "not_run"
    monkeypatch.setitem(sys.modules, "shap", None)
    missing = gate.check(shown(Scorer(by_debt), Scorer(by_debt)))
    assert missing.status == "not_run"
    assert "pip install 'driftloop[explain]'" in missing.sentence


def asks(feature: str, effect: Any, **more: Any) -> Expectations:
    return Expectations(expected=(Expectation(feature=feature, effect=effect),), **more)


def test_expectations() -> None:
    model = shown(Scorer(by_debt))
    assert asks("debt", "increasing").check(model).passed
    assert asks("income", "decreasing").check(model).passed
    assert asks("noise", "decreasing").check(model).passed  # it does not move at all
    refused = asks("debt", "decreasing").check(model)
    assert refused.status == "refused"
    assert refused.sentence == "debt is not decreasing for 100.0% of the rows; at most 5.0% may be."


def test_expectations_allow_a_share_of_rows_and_a_small_move() -> None:
    """In one of two countries the effect is turned around."""

    def turned(table: pd.DataFrame) -> Any:
        sign = np.where(table.country == "at", -0.1, 0.1)
        return probabilities(0.5 + sign * np.tanh(table.debt.to_numpy(dtype=float)))

    model = shown(Scorer(turned))
    result = asks("debt", "increasing").check(model)
    assert result.status == "refused"
    share = float(result.sentence.split(" for ")[1].split("%")[0]) / 100
    assert share == pytest.approx(0.5, abs=0.1)
    assert asks("debt", "increasing", share=0.65).check(model).passed
    lenient = Expectation(feature="debt", effect="increasing", tolerance=0.2)
    assert Expectations(expected=(lenient,)).check(model).passed


def test_expectations_of_a_regression_see_a_dip() -> None:
    """Rising at both ends is not rising throughout."""

    def dipped(table: pd.DataFrame) -> Any:
        x = table.debt.to_numpy(dtype=float)
        return (x**3 - x)[:, None]

    y = np.linspace(0, 1, 400)
    model = GateInputs("r2", y, y[:, None], None, table=TABLE, challenger_model=Scorer(dipped))
    assert asks("debt", "increasing").check(model).status == "refused"


def test_expectations_that_cannot_be_tried_have_not_run() -> None:
    model = shown(Scorer(by_debt))
    assert asks("dept", "increasing").check(model).status == "not_run"
    same = shown(Scorer(by_debt), table=TABLE.assign(debt=1.0))
    assert asks("debt", "increasing").check(same).status == "not_run"
    assert asks("debt", "increasing").check(shown(None)).status == "not_run"
    three = GateInputs("accuracy", Y, np.full((400, 3), 1 / 3), None, table=TABLE)
    assert asks("debt", "increasing").check(three).status == "not_run"
