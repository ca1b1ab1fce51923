from dataclasses import replace

import numpy as np

from driftloop.base.scores import GateResult
from driftloop.comparison.gates import run_gates
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.comparison.gates.known_classes import KnownClasses

NAMES = ("bus", "car", "train")
Y = np.repeat([0, 1, 2], 20)


def certain(codes: np.ndarray) -> np.ndarray:
    """Predictions that give each row its class."""
    return np.eye(3)[codes]


def inputs(challenger: np.ndarray, champion: np.ndarray | None = None) -> GateInputs:
    old = None if champion is None else certain(champion)
    return GateInputs("balanced_accuracy", Y, certain(challenger), old, classes=NAMES)


def test_a_class_that_is_learned_and_given_to_no_row_is_named() -> None:
    passed, sentence = KnownClasses().decide(inputs(np.minimum(Y, 1), np.minimum(Y, 1)))
    assert passed
    assert sentence == (
        "No class of 10 rows or more is unknown to the challenger, but it predicts none of "
        "train (20 rows)."
    )


def test_a_class_that_only_the_challenger_lost_says_so() -> None:
    _, sentence = KnownClasses().decide(inputs(np.minimum(Y, 1), Y))
    assert sentence.endswith("none of train (20 rows), which the champion does.")


def test_it_is_run_unasked_where_it_has_something_to_say() -> None:
    def names(given: GateInputs) -> list[str]:
        return [result.gate for result in run_gates((), given)]

    lost = inputs(np.minimum(Y, 1))
    assert names(lost) == ["valid_predictions", "known_classes"]
    assert names(inputs(Y)) == ["valid_predictions"]
    assert names(replace(lost, y=np.minimum(Y, 1))) == ["valid_predictions"]


def test_what_it_has_to_say_is_a_warning_where_it_passes() -> None:
    def result(given: GateInputs) -> GateResult:
        return run_gates((KnownClasses(),), given)[1]

    lost, rare = inputs(np.minimum(Y, 1)), replace(inputs(Y), unknown={"tram": 4})
    assert result(lost).warns
    assert not result(inputs(Y)).warns
    assert result(rare).warns
    assert result(rare).sentence == (
        "No class of 10 rows or more is unknown to the challenger; rarer ones are: tram (4 rows)."
    )
    refused = result(replace(rare, unknown={"tram": 40}))
    assert (refused.status, refused.warns) == ("refused", False)


def test_too_few_rows_and_two_classes_tell_nothing() -> None:
    lost = inputs(np.minimum(Y, 1))
    assert "predicts none" not in KnownClasses(rows=21).decide(lost)[1]
    two = GateInputs("roc_auc", Y[:40], np.eye(2)[Y[:40] * 0], None, classes=NAMES[:2])
    assert "predicts none" not in KnownClasses().decide(two)[1]
