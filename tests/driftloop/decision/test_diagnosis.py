from typing import Any

from driftloop.base.findings import Finding
from driftloop.decision.diagnosis import diagnose
from tests.driftloop.cases import check, finding, performance


def kinds(*findings: Finding, label: Any = None, quality: Any = (), **more: Any) -> list[str]:
    troubles = diagnose(findings, quality, performance(**more), label)
    assert all(trouble.sentence.endswith(".") for trouble in troubles)
    return [trouble.kind for trouble in troubles]


FELL: dict[str, Any] = {"status": "fell", "score": 0.6, "low": 0.55, "high": 0.65}
MOVED = finding("a", "drift")


def test_nothing_is_wrong() -> None:
    assert kinds(finding("a"), status="ok") == []
    assert kinds(finding("a", "warning"), status="ok") == []


def test_broken_data_explain_the_rest() -> None:
    """Which inputs moved, and whether the model still fits, cannot be told from a broken feed."""
    assert kinds(MOVED, quality=(check("a"),), **FELL) == ["data_quality"]
    assert kinds(finding("a"), quality=(check("a", "inconclusive"),), status="ok") == []


def test_inputs_moved_and_performance_holds() -> None:
    assert kinds(MOVED, status="ok") == ["covariate_shift"]
    (found,) = diagnose((MOVED,), (), performance("ok"), None)
    assert found.sentence == "Inputs drifted (a); performance holds."


def test_performance_fell_and_no_input_moved() -> None:
    assert kinds(finding("a"), **FELL) == ["concept_drift"]


def test_a_champion_that_promised_more_than_it_scored_no_longer_fits() -> None:
    assert kinds(MOVED, estimated=0.9, **FELL) == ["concept_drift", "covariate_shift"]


def test_a_champion_that_promised_no_more_met_harder_inputs() -> None:
    assert kinds(MOVED, estimated=0.62, **FELL) == ["covariate_shift"]
    (found,) = diagnose((MOVED,), (), performance(estimated=0.62, **FELL), None)
    assert "performance fell with them" in found.sentence


def test_label_shift_stands_beside_the_others() -> None:
    moved = finding("y", "drift", role="label")
    assert kinds(finding("a"), label=moved, status="ok") == ["label_shift"]
    assert kinds(MOVED, label=moved, **FELL) == ["covariate_shift", "label_shift"]
    assert kinds(finding("a"), label=finding("y", role="label"), status="ok") == []


def test_performance_from_before_the_drift_says_nothing_of_it() -> None:
    held = performance("ok")
    (found,) = diagnose((MOVED,), (), held, None, since=held.window.end)
    assert found.sentence == "Inputs drifted (a); no labels of that period have arrived yet."


def test_predictions_are_no_input() -> None:
    prediction = finding("prediction", "drift", role="prediction")
    (found,) = diagnose((prediction,), (), performance("ok"), None)
    assert found.sentence == "The predictions drifted; performance holds."
