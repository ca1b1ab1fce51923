from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from driftloop.base.scores import GateResult
from driftloop.comparison.gates import DEFAULT_GATES, columns_needed, run_gates
from driftloop.comparison.gates.fairness import Fairness
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.gates.minimum_score import MinimumScore
from driftloop.comparison.gates.newest_slice import NewestSlice
from driftloop.comparison.gates.segments import Segments
from driftloop.comparison.gates.valid_predictions import ValidPredictions
from tests.driftloop.cases import probabilities

Y = np.tile([0, 1], 50)
GOOD = probabilities(np.where(Y == 1, 0.8, 0.3))
POOR = probabilities(np.where(Y == 1, 0.3, 0.8))


def evidence(challenger: Any = GOOD, champion: Any = GOOD, y: Any = Y) -> GateInputs:
    return GateInputs("roc_auc", y, challenger, champion)


def test_probabilities_are_valid() -> None:
    assert ValidPredictions().check(evidence()).passed
    edges = probabilities(np.tile([0.0, 1.0], 50))
    assert ValidPredictions().check(evidence(edges)).passed


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-3, 1.001])
def test_what_is_no_probability_fails(bad: float) -> None:
    p = GOOD.copy()
    p[3, 0] = bad
    result = ValidPredictions().check(evidence(p))
    assert not result.passed
    assert "1 of 100" in result.sentence


def test_rows_without_any_probability_fail() -> None:
    """A model whose classes are not those of the labels gives every class probability 0."""
    assert not ValidPredictions().check(evidence(np.zeros((100, 2)))).passed


def test_minimum_score() -> None:
    assert MinimumScore(minimum=1.0).check(evidence()).passed
    assert not MinimumScore(minimum=0.5).check(evidence(POOR)).passed
    named = MinimumScore(metric="accuracy", minimum=0.99).check(evidence())
    assert named.passed
    assert "Accuracy is 1.00; at least 0.990 is required." in named.sentence


def test_minimum_score_that_cannot_run_refuses() -> None:
    result = MinimumScore(minimum=0.0).check(evidence(y=np.zeros(100, dtype=int)))
    assert result.status == "not_run"
    assert "undefined" in result.sentence


def test_newest_slice() -> None:
    late = GOOD.copy()
    late[-33:] = POOR[-33:]
    assert not NewestSlice().check(evidence(late)).passed
    assert NewestSlice(tolerance=1.0).check(evidence(late)).passed
    assert NewestSlice().check(evidence(GOOD, late)).passed
    early = GOOD.copy()
    early[:60] = POOR[:60]
    assert NewestSlice().check(evidence(early)).passed
    assert not NewestSlice(share=0.9).check(evidence(early)).passed


@pytest.mark.parametrize(("tolerance", "passed"), [(0.019, False), (0.021, True)])
def test_newest_slice_allows_as_much_as_its_tolerance(tolerance: float, passed: bool) -> None:
    one_wrong = GOOD.copy()
    one_wrong[-1] = POOR[-1]
    inputs = replace(evidence(one_wrong), metric="accuracy")
    assert NewestSlice(share=0.5, tolerance=tolerance).check(inputs).passed is passed


def test_newest_slice_without_champion_passes() -> None:
    assert NewestSlice().check(evidence(champion=None)).passed


def test_newest_slice_of_one_class_refuses() -> None:
    y = np.r_[Y[:50], np.zeros(50, dtype=int)]
    result = NewestSlice().check(evidence(y=y))
    assert result.status == "not_run"
    assert "undefined on the newest 33 rows" in result.sentence


def test_validity_is_always_asked_and_asked_once() -> None:
    assert [run_gate.gate for run_gate in run_gates((), evidence())] == ["valid_predictions"]
    twice = run_gates((ValidPredictions(), *DEFAULT_GATES), evidence())
    kinds = ["valid_predictions", "better_than_guessing", "newest_slice"]
    assert [one.gate for one in twice] == kinds


def test_no_other_gate_is_asked_about_predictions_that_are_none() -> None:
    (only,) = run_gates(DEFAULT_GATES, evidence(np.full((100, 2), np.nan)))
    assert not only.passed


class Broken(MinimumScore):
    """A gate that raises what no gate should."""

    def check(self, evidence: GateInputs) -> GateResult:
        raise ZeroDivisionError("no rows\nat all")


def test_gate_that_raises_has_not_run() -> None:
    _, result = run_gates((Broken.model_construct(minimum=0.5),), evidence())
    assert (result.gate, result.status, result.passed) == ("minimum_score", "not_run", False)
    assert result.sentence == "The gate failed with ZeroDivisionError: no rows."


def test_minimum_score_uses_the_challengers_cut() -> None:
    shown = replace(evidence(probabilities(np.where(Y == 1, 0.4, 0.1))), thresholds=(0.3, None))
    gate = MinimumScore(metric="f1", minimum=0.9)
    assert gate.check(shown).passed
    assert gate.check(replace(shown, thresholds=(None, 0.3))).status == "refused"


def test_columns_that_gates_read() -> None:
    gates = Segments(columns=("country", "age")), Fairness(column="age"), NewestSlice()
    assert columns_needed(gates) == ("country", "age")
    assert columns_needed(DEFAULT_GATES) == ()
