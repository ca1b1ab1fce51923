from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from driftloop.errors import TrainingError
from driftloop.estimators import HistGradientBoosting, LogisticRegression
from driftloop.labels import Classes
from driftloop.search.halving import Halving
from driftloop.training import (
    Examples,
    TrainingSettings,
    fit,
    predict,
    with_settings,
)

FEATURES = (("x", "z"), ())
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"x": RNG.normal(size=240), "z": RNG.normal(size=240)})
Y = (TABLE.x + RNG.normal(0, 1, 240) > 0).astype(int).to_numpy()
ROWS = Examples(TABLE, Y, Classes(("0", "1")))
LINEAR = LogisticRegression()


def settings(space: dict[str, Any], **more: Any) -> TrainingSettings:
    return TrainingSettings(estimator=LINEAR, search=Halving(space=space, **more))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"c": (1.0,)}, r"search.space names no setting; received 'c'; valid: C, max_iter"),
        ({"kind": ("x",)}, r"names no setting; received 'kind'"),
        ({"C": (1.0, -1.0)}, r"search.space.C: Input should be greater than 0"),
        ({"C": ("much",)}, r"search.space.C: Input should be a valid number"),
        ({"max_iter": (None,)}, r"search.space.max_iter"),
        ({"C": ()}, r"C"),
        ({"C": {"low": 2, "high": 1}}, r"low 2 must be smaller than high 1"),
        ({"C": {"low": 0, "high": 1, "log": True}}, r"log: true needs low > 0"),
        ({"C": {"low": -1, "high": 1}}, r"search.space.C: Input should be greater than 0"),
        ({"max_iter": {"low": 10, "high": 20}}, r"search.space.max_iter: .* valid integer"),
    ],
)
def test_space_must_fit_the_estimator(space: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(space)


def test_settings_are_replaced() -> None:
    assert with_settings(LINEAR, {"C": 3.0}) == LogisticRegression(C=3.0)
    assert with_settings(LINEAR, {}) == LINEAR


def test_probabilities_are_aligned_by_class() -> None:
    """The model sorts its classes, the problem puts the positive one last."""
    classes = Classes(("spam", "ham"))
    model = fit(LINEAR, Examples(TABLE, 1 - Y, classes), *FEATURES, 0)
    assert model.classes_.tolist() == ["ham", "spam"]
    p = predict(model, TABLE, classes)
    assert np.corrcoef(p[:, 0], TABLE.x)[0, 1] > 0.5
    np.testing.assert_allclose(p.sum(axis=1), 1)
    same = fit(LINEAR, ROWS, *FEATURES, 0)
    np.testing.assert_allclose(p[:, 0], predict(same, TABLE, ROWS.target)[:, 1], atol=1e-6)


def test_class_the_model_never_saw_has_probability_zero() -> None:
    classes = Classes(("0", "new", "1"))
    model = fit(LINEAR, ROWS, *FEATURES, 0)
    p = predict(model, TABLE, classes)
    assert not p[:, 1].any()
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_class_codes_with_leading_zeros_keep_their_probabilities() -> None:
    classes = Classes(("01", "02"))
    model = fit(LINEAR, Examples(TABLE, Y, classes), *FEATURES, 0)
    np.testing.assert_allclose(predict(model, TABLE, classes).sum(axis=1), 1)


def test_booleans_and_integers_are_the_same_class() -> None:
    model = LINEAR.build(*FEATURES, 0).fit(TABLE, Y.astype(bool))
    np.testing.assert_allclose(predict(model, TABLE, ROWS.target).sum(axis=1), 1)


@pytest.mark.parametrize("estimator", [HistGradientBoosting(max_iter=5), LINEAR])
def test_training_that_fails_is_one_line(estimator: Any) -> None:
    with pytest.raises(TrainingError, match=f"{estimator.kind} could not be trained: ") as error:
        fit(estimator, Examples(TABLE.assign(x="text"), Y, ROWS.target), *FEATURES, 0)
    assert "\n" not in str(error.value)


class Silent:
    """A model that raises without a word."""

    classes_ = np.array([0, 1])

    def predict_proba(self, table: pd.DataFrame) -> Any:
        raise ValueError


@pytest.mark.parametrize(
    ("model", "table"),
    [(None, TABLE[["x"]]), (None, TABLE.assign(x="text")), (Silent(), TABLE)],
    ids=["column gone", "text", "silent"],
)
def test_scoring_that_fails_is_one_line(model: Any, table: pd.DataFrame) -> None:
    fitted = model or fit(LINEAR, ROWS, *FEATURES, 0)
    with pytest.raises(TrainingError, match="the model cannot score these rows") as error:
        predict(fitted, table, ROWS.target)
    assert "\n" not in str(error.value)


def test_rows_are_cut_together() -> None:
    part = ROWS.rows(slice(10, 20))
    assert part.table.index.tolist() == list(range(10, 20))
    assert part.y.tolist() == Y[10:20].tolist()
