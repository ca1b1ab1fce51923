"""The gate on skill."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.comparison.gates.better_than_guessing import BetterThanGuessing
from driftloop.comparison.gates.inputs import GateInputs
from tests.driftloop.cases import probabilities
from tests.driftloop.performance.test_custom_metric import PROFIT


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


def rare(right: float, champion: float | None = None, rows: int = 2000, **more: Any) -> GateInputs:
    """One row of twenty is positive; models are right in these shares of the rows, by accuracy."""
    y = np.arange(rows) % 20 // 19
    p, old = (
        probabilities(np.where(np.arange(rows) < round(rows * (1 - share)), 1 - y, y) * 0.8 + 0.1)
        for share in (right, champion or right)
    )
    return GateInputs("accuracy", y, p, None if champion is None else old, **more)


@pytest.mark.parametrize(
    ("right", "champion", "status", "text"),
    [
        (0.975, 0.97, "passed", "on the holdout; 0.95 is guessing, by the best constant of these"),
        (0.952, 0.951, "passed", "very rows; better is not proven."),
        (0.948, 0.946, "passed", "very rows; better is not proven."),
        (0.948, 0.96, "refused", "which is worse than the champion and than guessing, 0.95, by"),
        (0.93, 0.92, "refused", "which is no better than guessing, 0.95, by the best constant of"),
    ],
)
def test_a_good_model_may_be_close_to_the_frequent_class(
    right: float, champion: float, status: str, text: str
) -> None:
    """Where 95 % are of one class only what is proven no better is refused."""
    result = BetterThanGuessing().check(rare(right, champion))
    assert result.status == status
    assert text in result.sentence
    assert BetterThanGuessing().check(rare(right, champion, accepted=True)).passed


def test_a_first_champion_that_is_proven_no_better_goes_live_with_a_doubt() -> None:
    settings = ComparisonSettings(metric="accuracy")
    found = compare(rare(0.92), settings)
    assert found.won
    assert found.challenger.doubt.endswith("is no better than guessing, 0.95")
    assert compare(rare(0.949), settings).challenger.doubt == "", "not proven"


def test_guessing_knows_the_training_labels_and_not_those_of_the_holdout() -> None:
    """A quantity that went up by two deviations: the old mean is no hard standard."""
    rng = np.random.default_rng(3)
    before, y = rng.normal(40, 10, 3000), rng.normal(60, 10, 600)
    p = (y - 8 + rng.normal(0, 10, 600))[:, None]
    inputs = GateInputs("neg_rmse", y, p, p - 1)
    assert BetterThanGuessing().check(inputs).status == "refused"
    result = BetterThanGuessing().check(replace(inputs, before=before))
    old = np.sqrt(np.mean((y - before.mean()) ** 2))
    assert result.status == "passed"
    assert result.sentence.endswith(f"on the holdout; {old:.3g} is guessing.")
    settings = ComparisonSettings(metric="neg_rmse")
    guessing = compare(replace(inputs, before=before), settings).challenger.guessing
    assert guessing == pytest.approx(-old)


def test_a_metric_of_ones_own_is_not_judged_and_blocks_nothing() -> None:
    inputs = shown(1.2)
    found = compare(inputs, ComparisonSettings(metric=PROFIT))
    (gate,) = (gate for gate in found.gates if gate.gate == "better_than_guessing")
    assert (gate.status, gate.passed) == ("not_judged", True)
    assert gate.sentence == (
        "Better than guessing could not be evaluated: what guessing scores in profit is not known."
    )
    assert found.won
