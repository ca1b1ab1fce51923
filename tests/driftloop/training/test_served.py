"""What was served is read where a model would compute, and what was not logged is known."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from driftloop.config.model_config import ModelConfig
from driftloop.performance.target import Classes, Quantity
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import features_of
from driftloop.training.served import logged, reader
from driftloop.training.served_columns import ServedColumns
from driftloop.training.training import predict

FEATURES, YES = Features(("a",), ("k",)), Classes(("no", "yes"))
TABLE = pd.DataFrame(
    {
        "a": [1.0, 2.0, 3.0, 4.0],
        "k": ["x", "y", "x", "y"],
        "p": [0.2, np.nan, 0.9, 1.5],
        "said": ["no", "yes", None, "maybe"],
    }
)
BOTH = ServedColumns(score="p", decision="said")


def test_probabilities_are_those_of_the_log() -> None:
    model = reader(BOTH, YES, FEATURES, decisions=False)
    p = predict(model, TABLE, YES)
    assert p[[0, 2]] == pytest.approx(np.array([[0.8, 0.2], [0.1, 0.9]]))
    assert logged(model, p).tolist() == [True, False, True, False], "1.5 is no probability"
    assert features_of(model) == Features(("a", "p"), ("k",))


def test_decisions_count_where_the_metric_looks_at_them() -> None:
    model = reader(BOTH, YES, FEATURES, decisions=True)
    p = predict(model, TABLE, YES)
    assert p[:2].tolist() == [[1, 0], [0, 1]]
    assert logged(model, p).tolist() == [True, True, False, False], "maybe is no known class"
    assert features_of(model) == Features(("a",), ("k", "said"))
    alone = reader(ServedColumns(score="p"), YES, FEATURES, decisions=True)
    assert predict(alone, TABLE, YES)[0].tolist() == [0.8, 0.2], "there are no decisions"


def test_a_quantity_is_read_as_it_is() -> None:
    model = reader(ServedColumns(score="p"), Quantity(), FEATURES, decisions=False)
    p = predict(model, TABLE, Quantity())
    assert p[[0, 2, 3], 0].tolist() == [0.2, 0.9, 1.5]
    assert logged(model, p).tolist() == [True, False, True, True]


def test_every_row_of_a_model_is_known() -> None:
    assert logged(object(), np.array([[np.nan], [0.5]])).all(), "the gates look at its numbers"


RAW = {
    "model": "m",
    "data": {"path": "d", "time": "t", "label": "y", "predictions": {"score": "p"}},
    "features": {"numeric": ["a"]},
    "training": {"estimator": {"kind": "none"}},
}


@pytest.mark.parametrize(
    ("predictions", "task", "said"),
    [
        (None, "binary", "name the columns of the served ones under data.predictions"),
        ({}, "binary", "name the column of the score, of the decision, or both"),
        ({"score": "a"}, "binary", "'a' is both data.predictions.score and a feature"),
        ({"score": "y"}, "binary", "'y' is given for data.label and data.predictions.score"),
        ({"score": "p"}, "multiclass", "give decision, and no score"),
        ({"decision": "p"}, "regression", "give score, and no decision"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    predictions: dict[str, str] | None, task: str, said: str
) -> None:
    raw = {**RAW, "task": task, "data": {**RAW["data"], "predictions": predictions}}  # type: ignore[dict-item]
    with pytest.raises(ValidationError, match=said):
        ModelConfig.model_validate(raw)


def test_what_is_only_watched_is_told_from_what_is_trained() -> None:
    assert not ModelConfig.model_validate(RAW).trained_here
    assert ModelConfig.model_validate({**RAW, "training": {}}).trained_here
    assert "p" in ModelConfig.model_validate(RAW).columns
