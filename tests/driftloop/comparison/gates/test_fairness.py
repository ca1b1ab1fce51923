import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.comparison.gates.fairness import Fairness
from driftloop.comparison.gates.inputs import GateInputs
from tests.driftloop.cases import probabilities

GROUP = np.repeat(["f", "m", "x"], [400, 400, 20])


def case(rates: tuple[float, float] = (0.3, 0.5)) -> GateInputs:
    """Groups called positive at these rates, half of each class."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 410)
    called = rng.random(820) < np.where(GROUP == "f", rates[0], rates[1])
    p = probabilities(np.where(called, 0.9, 0.1))
    return GateInputs("roc_auc", y, p, None, groups=pd.DataFrame({"sex": GROUP}))


def rates(shown: GateInputs, where: Any, of: Any) -> float:
    called = shown.challenger[:, 1] > 0.5
    found = [of(called, shown.y, (name == GROUP) & where) for name in ("f", "m")]
    return abs(found[0] - found[1])


def test_demographic_parity_by_hand() -> None:
    shown = case()
    expected = rates(shown, True, lambda called, y, rows: called[rows].mean())
    result = Fairness(column="sex").check(shown)
    assert result.status == "refused"
    assert f"differs by {expected:.3f}; at most 0.1 is allowed" in result.sentence
    assert "between 2 groups of sex" in result.sentence
    assert "20 rows of smaller groups are left out" in result.sentence
    assert Fairness(column="sex", maximum=expected + 1e-9).check(shown).passed
    assert not Fairness(column="sex", maximum=expected - 1e-9).check(shown).passed
    assert Fairness(column="sex").check(case((0.4, 0.4))).passed


@pytest.mark.parametrize("measure", ["equalized_odds", "accuracy_difference"])
def test_other_measures_by_hand(measure: Any) -> None:
    shown = case()
    if measure == "equalized_odds":
        expected = max(
            rates(shown, shown.y == of, lambda called, y, rows: called[rows].mean())
            for of in (0, 1)
        )
    else:
        expected = rates(shown, True, lambda called, y, rows: (called == y)[rows].mean())
    for edge, passed in ((1e-9, True), (-1e-9, False)):
        gate = Fairness(column="sex", measure=measure, maximum=expected + edge)
        assert gate.check(shown).passed is passed


def test_decisions_go_by_the_cut() -> None:
    """From 0.05 on every row is called positive, in all groups alike."""
    assert Fairness(column="sex").check(replace(case(), thresholds=(0.05, None))).passed


def test_what_cannot_be_judged_has_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = case()
    assert Fairness(column="age").check(shown).status == "not_run"
    assert Fairness(column="sex").check(replace(shown, groups=None)).status == "not_run"
    few = Fairness(column="sex", minimum_rows=401).check(shown)
    assert few.status == "not_run"
    assert "0 group(s) of 401 rows" in few.sentence
    three = replace(shown, challenger=np.full((820, 3), 1 / 3))
    assert Fairness(column="sex").check(three).status == "not_run"
    assert Fairness(column="sex", measure="accuracy_difference").check(three).status != "not_run"
    monkeypatch.setitem(sys.modules, "fairlearn", None)
    monkeypatch.delitem(sys.modules, "fairlearn.metrics", raising=False)
    missing = Fairness(column="sex").check(shown)
    assert missing.status == "not_run"
    assert "pip install 'driftloop[fairness]'" in missing.sentence
