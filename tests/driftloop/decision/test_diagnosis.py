from typing import Any

from driftloop.base.findings import Finding, Promise
from driftloop.base.scores import Score
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


def promise(status: Any) -> Promise:
    gap = Score("neg_log_loss", -0.2, -0.25, -0.15, 900)
    return Promise(status, gap, -0.3, -0.5, 1, 1e-9, "It promised -0.300 and reached -0.500.")


def test_a_champion_that_broke_its_promise_no_longer_fits() -> None:
    assert kinds(MOVED, promise=promise("broken"), **FELL) == ["concept_drift", "covariate_shift"]


def test_a_broken_promise_is_told_where_the_score_still_holds() -> None:
    (found,) = diagnose((), (), performance("ok", promise=promise("broken")), None)
    assert found.kind == "concept_drift"
    assert found.sentence == "It promised -0.300 and reached -0.500. The score holds so far."


def test_a_champion_that_kept_its_promise_met_harder_inputs() -> None:
    assert kinds(MOVED, promise=promise("kept"), **FELL) == ["covariate_shift"]
    (found,) = diagnose((MOVED,), (), performance(promise=promise("kept"), **FELL), None)
    assert "performance fell with them, as was to be expected on such rows" in found.sentence


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
