import sys
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.base import BaseEstimator, ClassifierMixin

from driftloop.base.errors import TrainingError
from driftloop.performance.target import Classes
from driftloop.profiling.reference_profile import Features
from driftloop.training.allow import AllowSettings
from driftloop.training.estimators import (
    SAFE_TYPES,
    Custom,
    HistGradientBoosting,
    LogisticRegression,
    RandomForest,
)
from driftloop.training.search.halving import Halving
from driftloop.training.training import Examples, TrainingSettings, fit, predict, with_settings

FEATURES = Features(("x", "z"), ())
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
        ({"c": (1.0,)}, r"not a setting of the estimator; received 'c'; valid: C, max_iter"),
        ({"kind": ("x",)}, r"not a setting of the estimator; received 'kind'"),
        ({"C": (1.0, -1.0)}, r"search.space.C: Input should be greater than 0"),
        ({"C": ("much",)}, r"search.space.C: Input should be a valid number"),
        ({"max_iter": (None,)}, r"search.space.max_iter"),
        ({"C": ()}, r"C"),
        ({"C": {"low": 2, "high": 1}}, r"low 2 must be smaller than high 1"),
        ({"C": {"low": 0, "high": 1, "log": True}}, r"log: true needs low > 0"),
        ({"C": {"low": 0.5, "high": 2, "integer": True}}, r"needs whole ends, received 0.5 and 2"),
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


@pytest.mark.parametrize("estimator", [LINEAR, RandomForest(n_estimators=5)])
def test_numbers_near_the_limit_of_floats_are_named_with_the_way_out(estimator: Any) -> None:
    huge = TABLE.assign(x=np.linspace(-1, 1, len(TABLE)) * 1.7e308)
    with pytest.raises(TrainingError, match=r"'x' hold numbers beyond 1e\+30: write them in"):
        fit(estimator, Examples(huge, Y, ROWS.target), *FEATURES, 0)
    model = fit(HistGradientBoosting(max_iter=5), Examples(huge, Y, ROWS.target), *FEATURES, 0)
    assert np.isfinite(predict(model, huge, ROWS.target)).all()


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


class Loud(BaseEstimator, ClassifierMixin):
    """A model that repeats the data in what it raises."""

    def __init__(self, error: str = "") -> None:
        self.error = error

    def fit(self, table: Any, y: Any) -> Any:
        raise KeyError(self.error) if self.error == "key" else RuntimeError(self.error)

    def predict(self, table: Any) -> Any:
        return np.zeros(len(table))

    def predict_proba(self, table: Any) -> Any:
        return np.zeros((len(table), 2))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("could not convert 'Jane Doe' to float", "could not convert '…' to float"),
        ("bad row [1.5, 'Jane', 3] here\nand more", "bad row […] here"),
        ("bad array([[17.25 3.5]\n [1 2]])", "bad array(["),
        ("column 'x' is odd", "column 'x' is odd"),
        ("", "RuntimeError"),
        ("key", "'…'"),
        ("y" * 1000, "y" * 200),
    ],
)
def test_what_an_estimator_raises_is_told_without_data(
    said: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("mypkg")
    module.Loud = Loud  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mypkg", module)
    loud = Custom(path="mypkg.Loud", parameters={"error": said})
    with pytest.raises(TrainingError, match=r"mypkg\.Loud could not be trained: ") as error:
        fit(loud, ROWS, *FEATURES, 0)
    text = str(error.value)
    assert "\n" not in text
    assert "Jane" not in text
    assert "17.25" not in text
    assert len(text) < 300
    assert told in text


def test_one_class_is_told() -> None:
    one = Examples(TABLE, np.zeros(240, dtype=int), ROWS.target)
    with pytest.raises(TrainingError, match="the 240 rows have one class only"):
        fit(LINEAR, one, *FEATURES, 0)


def test_parameters_that_scikit_learn_refuses_are_named() -> None:
    bad = Custom(path="sklearn.tree.DecisionTreeClassifier", parameters={"max_depth": -1})
    with pytest.raises(TrainingError, match=r"'max_depth' parameter .* range \[1, inf\)"):
        fit(bad, ROWS, *FEATURES, 0)


def test_allowed_types_are_added_to_the_safe_ones() -> None:
    made = TrainingSettings(allow=AllowSettings(types=("sklearn.tree.ExtraTreeRegressor",)))
    assert made.allowed_types == SAFE_TYPES | {"sklearn.tree.ExtraTreeRegressor"}
    assert TrainingSettings().allowed_types == SAFE_TYPES
