"""What scorers of other libraries say, as probabilities of our classes or as quantities."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.base.errors import TrainingError
from driftloop.performance.target import Classes, Quantity
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import features_of
from driftloop.training.foreign import Contract, ForeignModel
from driftloop.training.training import predict

TABLE = pd.DataFrame(
    {"a": [0.25, 0.5, 1.0], "k": np.array(["3", None, "7"], dtype=object), "b": [1.0, np.nan, 2.0]}
)
TWO, THREE = Classes(("no", "yes")), Classes(("x", "y", "z"))


class Scorer:
    """Says what it is told to say, and keeps what it was asked."""

    def __init__(self, said: Any) -> None:
        self.said, self.asked = said, pd.DataFrame()

    def predict(self, table: pd.DataFrame) -> Any:
        self.asked = table
        return self.said


class Estimator(Scorer):
    """Names its classes, as scikit-learn does."""

    classes_ = np.array(["yes", "no"])

    def predict_proba(self, table: pd.DataFrame) -> Any:
        return self.predict(table)


def model(
    scorer: Any, classes: tuple[str, ...], folder: Path = Path(), **more: Any
) -> ForeignModel:
    contract = Contract(("k", "a"), ("a",), ("k",), more.get("types", {}), classes)
    return ForeignModel(scorer, contract, folder / "none", more.get("levels", {}))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (np.array([0.1, 0.5, 1.0]), [0.1, 0.5, 1.0]),
        (np.array([[0.1], [0.5], [1.0]], dtype=np.float32), [0.1, 0.5, 1.0]),
        (np.array([[0.9, 0.1], [0.5, 0.5], [0.0, 1.0]]), [0.1, 0.5, 1.0]),
        (np.array(["yes", "no", "yes"]), [1.0, 0.0, 1.0]),
        (pd.DataFrame({"yes": [0.1, 0.5, 1.0], "no": [0.9, 0.5, 0.0]}), [0.1, 0.5, 1.0]),
    ],
)
def test_two_classes_however_they_are_said(said: Any, expected: list[float]) -> None:
    p = predict(model(Scorer(said), TWO.names), TABLE, TWO)
    np.testing.assert_allclose(p[:, 1], expected, rtol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_named_classes_are_matched_by_name() -> None:
    said = np.array([[0.1, 0.9], [0.5, 0.5], [1.0, 0.0]])
    own = model(Estimator(said), TWO.names)
    own.check(TABLE, TWO)
    np.testing.assert_allclose(predict(own, TABLE, TWO)[:, 1], [0.1, 0.5, 1.0])
    with pytest.raises(TrainingError, match="the classes yes, no, and the labels are 0, 1"):
        model(Estimator(said), ("0", "1")).check(TABLE, Classes(("0", "1")))


@pytest.mark.parametrize(
    ("said", "classes", "expected"),
    [
        (np.array([-3.0, 0.5, 4.0]), TWO, "scores from -3 to 4"),
        (np.array(["yes", "maybe", "no"]), TWO, "the classes maybe, and the labels are no, yes"),
        (np.ones((3, 2)) / 2, THREE, "predicts 2 classes, and the labels are x, y, z"),
        (np.array([0.1, np.nan, 0.2]), TWO, "not valid numbers on 1 of 3 rows"),
    ],
)
def test_what_is_no_prediction_is_said_in_one_sentence(
    said: Any, classes: Classes, expected: str
) -> None:
    with pytest.raises(TrainingError, match=expected):
        model(Scorer(said), classes.names).check(TABLE, classes)


def test_a_scorer_that_raises_shows_no_rows() -> None:
    class Broken(Scorer):
        def predict(self, table: pd.DataFrame) -> Any:
            raise ValueError("cannot convert '4111-1111' in 'k'")

    with pytest.raises(TrainingError, match="cannot convert '…' in 'k'") as error:
        model(Broken(None), TWO.names).check(TABLE, TWO)
    assert "4111" not in str(error.value)


def test_columns_come_in_the_order_and_types_of_the_scorer() -> None:
    scorer = Scorer(np.zeros(3))
    own = model(scorer, (), types={"a": "float32", "k": "int64"})
    assert features_of(own) == Features(("a",), ("k",))
    np.testing.assert_array_equal(predict(own, TABLE, Quantity()), np.zeros((3, 1)))
    assert list(scorer.asked.columns) == ["k", "a"]
    assert scorer.asked["a"].dtype == np.float32
    assert scorer.asked["k"].tolist()[::2] == [3, 7], "whole numbers with a gap stay floats"
    whole = TABLE.assign(k=["3", "4", "7"])
    predict(own, whole, Quantity())
    assert scorer.asked["k"].dtype == np.int64


def test_categories_are_those_that_it_was_trained_on() -> None:
    scorer = Scorer(np.zeros(3))
    predict(model(scorer, (), levels={"k": [7, 3, 5]}), TABLE, Quantity())
    assert scorer.asked["k"].cat.categories.tolist() == [7, 3, 5]
    assert scorer.asked["k"].cat.codes.tolist() == [1, -1, 0]
