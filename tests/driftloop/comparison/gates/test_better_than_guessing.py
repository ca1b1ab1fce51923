"""The gate on skill."""

from typing import Any

import numpy as np
import pytest

from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.comparison.gates.better_than_guessing import BetterThanGuessing
from driftloop.comparison.gates.inputs import GateInputs
from tests.driftloop.cases import probabilities


def shown(separation: float, rows: int = 600, champion: float | None = -2.0, **more: Any) -> Any:
    """Scores N(0, 1) and N(separation, 1)."""
    rng, y = np.random.default_rng(1), np.tile([0, 1], rows // 2)
    p, old = (
        probabilities(1 / (1 + np.exp(-rng.normal(y * apart, 1))))
        for apart in (separation, champion or 0.0)
    )
    return GateInputs("roc_auc", y, p, None if champion is None else old, **more)


def test_a_challenger_that_beats_a_champion_by_guessing_does_not_win() -> None:
    """0.2 against 0.08: proven better, and refused."""
    result = compare(shown(-1.2), ComparisonSettings())
    assert result.proven
    assert not result.won
    assert "not proven better than guessing, 0.5" in result.sentence
    assert compare(shown(1.2), ComparisonSettings()).won


@pytest.mark.parametrize(("separation", "passed"), [(1.0, True), (0.0, False), (-0.5, False)])
def test_the_interval_has_to_lie_above_guessing(separation: float, passed: bool) -> None:
    assert BetterThanGuessing().check(shown(separation)).passed is passed


def test_few_rows_prove_little() -> None:
    assert not BetterThanGuessing().check(shown(0.6, rows=40)).passed
    assert BetterThanGuessing().check(shown(0.6, rows=4000)).passed


@pytest.mark.parametrize("separation", [0.4, -0.8])
def test_a_first_champion_goes_live_with_a_doubt(separation: float) -> None:
    found = compare(shown(separation, rows=40, champion=None), ComparisonSettings())
    (gate,) = (gate for gate in found.gates if gate.gate == "better_than_guessing")
    assert found.won
    assert "not proven better than guessing, 0.5" in gate.sentence
    score = found.challenger
    assert score.low <= 0.5 == score.guessing
    assert score.doubt.endswith(f"{score.high:.3f}] is not proven better than guessing, 0.5")
    sure = compare(shown(2.0, champion=None), ComparisonSettings())
    assert (sure.won, sure.challenger.doubt) == (True, "")


def test_a_person_may_accept_a_challenger_by_guessing() -> None:
    found = compare(shown(-1.2, accepted=True), ComparisonSettings())
    assert found.won
    (gate,) = (gate for gate in found.gates if gate.gate == "better_than_guessing")
    assert gate.sentence.endswith("guessing, 0.5; a person accepted that.")


def test_a_metric_without_known_skill_is_not_judged() -> None:
    inputs = shown(-1.2)
    accuracy = GateInputs("accuracy", inputs.y, inputs.challenger, inputs.champion)
    result = BetterThanGuessing().check(accuracy)
    assert (result.passed, result.sentence) == (
        True,
        "What guessing scores in accuracy is not known.",
    )
