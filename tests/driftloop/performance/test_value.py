"""What outcomes are worth, row by row, against counting them by hand."""

import numpy as np
import pytest
from pydantic import ValidationError

from driftloop.performance.value import ValueSettings
from tests.driftloop.cases import probabilities

VALUE = ValueSettings(
    true_positive=120, false_positive=-8, false_negative=-200, true_negative=1, currency="EUR"
)


def test_rows_of_two_classes() -> None:
    y = np.array([1, 1, 0, 0, 1])
    p = probabilities([0.9, 0.2, 0.6, 0.1, 0.4])
    assert VALUE.of_rows(y, p, None).tolist() == [120, -200, -8, 1, -200]
    assert VALUE.of_rows(y, p, 0.35).tolist() == [120, -200, -8, 1, 120]


def test_rows_of_a_quantity() -> None:
    value = ValueSettings(per_unit_of_error=-0.5)
    found = value.of_rows(np.array([1.0, 4.0]), np.array([[3.0], [4.0]]), None)
    assert found.tolist() == [-1.0, 0.0]


def test_rows_of_more_classes() -> None:
    """The code of a class follows the model, what it is worth its name."""
    given = {1: {1: 2, "c": -5}, "b": {"b": 3}, "c": {1: -1}}
    value = ValueSettings.model_validate({"classes": given})
    y, calls = np.array([0, 0, 1, 2, 2, 1]), np.array([0, 2, 1, 0, 1, 1])
    names = ("1", "b", "c")
    assert value.of_rows(y, np.eye(3)[calls], None, names).tolist() == [2, -5, 3, -1, 0, 3]
    place = np.array([2, 0, 1])  # of the classes, in another model
    other = value.of_rows(place[y], np.eye(3)[place[calls]], None, ("b", "c", "1"))
    assert other.tolist() == [2, -5, 3, -1, 0, 3]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"classes": {"a": {"b": 1}}}, "no true one; received 'b'"),
        ({"classes": {"a": {"a": 1}}, "true_positive": 1}, "give one or the other"),
        ({}, "all outcomes are worth the same"),
        ({"true_positive": 3, "per_unit_of_error": -1}, "give one or the other"),
        ({"per_unit_of_error": 2}, "less than or equal to 0"),
        ({"true_postive": 2}, "Extra inputs"),
    ],
)
def test_values_that_say_nothing(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ValueSettings.model_validate(given)
