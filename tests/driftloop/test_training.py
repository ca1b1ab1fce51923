from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.model_selection import TimeSeriesSplit

from driftloop.errors import TrainingError
from driftloop.estimators import HistGradientBoosting, LogisticRegression
from driftloop.labels import Classes
from driftloop.training import (
    Examples,
    SearchSettings,
    TrainingSettings,
    fit,
    predict,
    propose,
    search,
    validate_in_time_order,
    with_settings,
)

FEATURES = (("x", "z"), ())
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"x": RNG.normal(size=240), "z": RNG.normal(size=240)})
Y = (TABLE.x + RNG.normal(0, 1, 240) > 0).astype(int).to_numpy()
ROWS = Examples(TABLE, Y, Classes(("0", "1")))
LINEAR = LogisticRegression()


def settings(space: dict[str, tuple[Any, ...]], **more: Any) -> TrainingSettings:
    return TrainingSettings(estimator=LINEAR, search=SearchSettings(space=space, **more))


def test_proposals_start_with_the_configured_settings() -> None:
    assert propose(settings({})) == [{}]
    assert propose(settings({"C": (0.1,)}, trials=0)) == [{}]
    proposals = propose(settings({"C": (0.1, 0.2, 0.3), "max_iter": (10, 20)}, trials=4))
    assert proposals[0] == {}
    assert len(proposals) == 5


@given(st.integers(1, 12), st.integers(0, 99))
def test_proposals_are_seeded_valid_and_do_not_repeat(trials: int, seed: int) -> None:
    space = {"C": (0.1, 0.2, 0.3), "max_iter": (10, 20)}
    made = settings(space, trials=trials).model_copy(update={"seed": seed})
    proposals = propose(made)
    assert proposals == propose(made)
    assert len(proposals) == 1 + min(trials, 6)
    assert len({tuple(sorted(one.items())) for one in proposals}) == len(proposals)
    for one in proposals:
        with_settings(LINEAR, one)


def test_search_is_deterministic_and_sorted() -> None:
    made = settings({"C": (1e-4, 1.0, 100.0)}, trials=3)
    seen: list[tuple[int, int]] = []
    first = search(made, ROWS, FEATURES, "neg_log_loss", lambda *at: seen.append(at))
    assert first == search(made, ROWS, FEATURES, "neg_log_loss")
    assert [trial.score for trial in first] == sorted((t.score for t in first), reverse=True)
    assert first[0].parameters.get("C") != 1e-4
    assert seen == [(i, 4) for i in (1, 2, 3, 4)]


def test_search_without_any_score_keeps_the_configured_settings() -> None:
    one_class = Examples(TABLE, np.zeros(240, dtype=int), ROWS.classes)
    trials = search(settings({"C": (5.0,)}), one_class, FEATURES, "roc_auc")
    assert trials[0].parameters == {}
    assert np.isnan(trials[0].score)


def test_search_on_fewer_rows_than_folds_is_an_error_a_person_can_read() -> None:
    """minimum_rows: 20 and folds: 20 are both allowed."""
    few = ROWS.rows(slice(0, 20))
    with pytest.raises(TrainingError, match="fold"):
        search(settings({"C": (5.0,)}, folds=20), few, FEATURES, "roc_auc")


def test_validation_is_in_time_order() -> None:
    """The mean over scikit-learn's own folds, computed apart."""
    from sklearn.metrics import roc_auc_score

    scores = []
    for past, future in TimeSeriesSplit(n_splits=3).split(TABLE):
        model = LINEAR.build(*FEATURES, 0).fit(TABLE.iloc[past], Y[past])
        answer = model.predict_proba(TABLE.iloc[future])[:, 1]
        scores.append(roc_auc_score(Y[future], answer))
    found = validate_in_time_order(LINEAR, ROWS, FEATURES, "roc_auc", 3, 0)
    assert found == pytest.approx(np.mean(scores))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"c": (1.0,)}, r"search.space names no setting; received 'c'; valid: C, max_iter"),
        ({"kind": ("x",)}, r"names no setting; received 'kind'"),
        ({"C": (1.0, -1.0)}, r"search.space.C: Input should be greater than 0"),
        ({"C": ("much",)}, r"search.space.C: Input should be a valid number"),
        ({"max_iter": (None,)}, r"search.space.max_iter"),
        ({"C": ()}, r"C"),
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
    np.testing.assert_allclose(p[:, 0], predict(same, TABLE, ROWS.classes)[:, 1], atol=1e-6)


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
    np.testing.assert_allclose(predict(model, TABLE, ROWS.classes).sum(axis=1), 1)


@pytest.mark.parametrize("estimator", [HistGradientBoosting(max_iter=5), LINEAR])
def test_training_that_fails_is_one_line(estimator: Any) -> None:
    with pytest.raises(TrainingError, match=f"{estimator.kind} could not be trained: ") as error:
        fit(estimator, Examples(TABLE.assign(x="text"), Y, ROWS.classes), *FEATURES, 0)
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
        predict(fitted, table, ROWS.classes)
    assert "\n" not in str(error.value)


def test_rows_are_cut_together() -> None:
    part = ROWS.rows(slice(10, 20))
    assert part.table.index.tolist() == list(range(10, 20))
    assert part.y.tolist() == Y[10:20].tolist()
