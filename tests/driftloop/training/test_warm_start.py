from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from driftloop.base.errors import TrainingError
from driftloop.performance.target import Classes, Quantity, Target
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import (
    SAFE_TYPES,
    Custom,
    HistGradientBoosting,
    LinearRegression,
    LogisticRegression,
    RandomForest,
)
from driftloop.training.training import Examples, TrainingSettings, predict
from driftloop.training.warm_start import TrainedModel, train

FEATURES = Features(("x", "z"), ("letter",))
OTHER = Features(("x",), ("letter",))
RNG = np.random.default_rng(0)
N = 300
CLASSES = Classes(("0", "1"))
SGD = Custom(path="sklearn.linear_model.SGDClassifier", parameters={"loss": "log_loss"})
MLP = Custom(path="sklearn.neural_network.MLPRegressor", parameters={"max_iter": 5})


def rows(seed: int, target: Target = CLASSES, shift: float = 0.0) -> Examples:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "x": rng.normal(shift, 1, N),
            "z": rng.normal(size=N),
            "letter": rng.choice(["a", "b"], N),
        }
    )
    value = table.x + rng.normal(0, 0.5, N)
    y = value.to_numpy() if isinstance(target, Quantity) else (value > 0).astype(int).to_numpy()
    return Examples(table, y, target)


def trained(
    estimator: Any, data: Examples, start: Any = None, features: Any = FEATURES, **more: Any
) -> TrainedModel:
    settings = TrainingSettings(estimator=estimator, warm_start=True, **more)
    return train(settings, data, features, "f1", start)


@pytest.mark.parametrize(
    ("estimator", "target", "trees"),
    [
        (HistGradientBoosting(max_iter=6), CLASSES, lambda model: model.n_iter_),
        (HistGradientBoosting(max_iter=6), Quantity(), lambda model: model.n_iter_),
        (RandomForest(n_estimators=6), CLASSES, lambda model: len(model.estimators_)),
        (RandomForest(n_estimators=6), Quantity(), lambda model: len(model.estimators_)),
        (
            Custom(
                path="sklearn.ensemble.GradientBoostingClassifier", parameters={"n_estimators": 6}
            ),
            CLASSES,
            lambda model: len(model.estimators_),
        ),
    ],
    ids=["boosting", "boosting regression", "forest", "forest regression", "custom"],
)
@pytest.mark.parametrize("stored", [False, True], ids=["here", "from the registry"])
def test_trees_are_added_to_those_there(
    estimator: Any, target: Target, trees: Any, stored: bool
) -> None:
    first = trained(estimator, rows(0, target))
    assert (first.warm, trees(first.model.named_steps["estimator"])) == (False, 6)
    start = first.model
    if stored:
        data = skops.io.dumps(start)
        start = skops.io.loads(data, trusted=sorted(SAFE_TYPES))
    before = predict(start, rows(2, target).table, target)
    second = trained(estimator, rows(1, target, shift=0.5), start)
    assert second.warm
    assert second.sentence == "It continued from the champion with 6 more trees."
    assert trees(second.model.named_steps["estimator"]) == 12
    after = predict(start, rows(2, target).table, target)
    np.testing.assert_allclose(after, before, err_msg="the champion itself is not touched")
    assert not np.allclose(predict(second.model, rows(2, target).table, target), before)
    unknown = skops.io.get_untrusted_types(data=skops.io.dumps(second.model))
    assert set(unknown) <= SAFE_TYPES


def test_preprocessing_stays_the_champions() -> None:
    first = trained(LogisticRegression(), rows(0))
    second = trained(LogisticRegression(), rows(1, shift=1.0), first.model)
    prepare = second.model.named_steps["prepare"]
    sample = rows(3).table
    np.testing.assert_array_equal(
        prepare.transform(sample), first.model.named_steps["prepare"].transform(sample)
    )


@pytest.mark.parametrize("estimator", [LogisticRegression(), SGD])
def test_linear_models_start_from_the_coefficients(estimator: Any) -> None:
    first = trained(estimator, rows(0))
    second = trained(estimator, rows(0), first.model)
    assert second.warm
    one, two = (model.named_steps["estimator"] for model in (first.model, second.model))
    assert two.n_iter_ <= one.n_iter_
    if estimator is not SGD:
        assert np.max(two.n_iter_) <= 1


def test_weights_go_along() -> None:
    few = replace(rows(0), y=(np.random.default_rng(1).random(N) < 0.1).astype(int))
    first = trained(HistGradientBoosting(max_iter=20), few)
    plain = trained(HistGradientBoosting(max_iter=20), few, first.model)
    even = trained(HistGradientBoosting(max_iter=20), few, first.model, imbalance="balanced")
    shares = [predict(one.model, few.table, CLASSES)[:, 1].mean() for one in (plain, even)]
    assert shares[1] > shares[0] + 0.05


def test_is_seeded() -> None:
    start = trained(RandomForest(n_estimators=5), rows(0)).model
    one, two = (trained(RandomForest(n_estimators=5), rows(1), start).model for _ in range(2))
    table = rows(2).table
    np.testing.assert_allclose(predict(one, table, CLASSES), predict(two, table, CLASSES))


@pytest.mark.parametrize(
    ("estimator", "data", "features", "why"),
    [
        (RandomForest(n_estimators=5), rows(1), FEATURES, "the champion is a HistGradient"),
        (HistGradientBoosting(max_iter=5), rows(1), OTHER, "the features are not"),
        (
            HistGradientBoosting(max_iter=5),
            Examples(rows(1).table, np.arange(N) % 3, Classes(("0", "1", "2"))),
            FEATURES,
            "the classes are not those of the champion",
        ),
        (HistGradientBoosting(max_iter=5), rows(1, Quantity()), FEATURES, "HistGradientBoostingR"),
    ],
    ids=["other estimator", "other features", "other classes", "other task"],
)
def test_what_does_not_fit_is_trained_from_scratch(
    estimator: Any, data: Examples, features: Any, why: str
) -> None:
    start = trained(HistGradientBoosting(max_iter=5), rows(0)).model
    found = trained(estimator, data, start, features)
    assert not found.warm
    assert found.sentence.startswith("It was trained from scratch: ")
    assert why in found.sentence
    assert np.isfinite(predict(found.model, data.table, data.target)).all()


def test_what_cannot_continue_is_trained_from_scratch() -> None:
    data = rows(0, Quantity())
    start = trained(LinearRegression(), data).model
    assert "Ridge cannot continue" in trained(LinearRegression(), data, start).sentence
    assert "no champion" in trained(LinearRegression(), data).sentence
    calibrated = TrainingSettings(estimator=LogisticRegression(), calibration="sigmoid")
    other = train(calibrated, rows(0), FEATURES, "f1").model
    assert "is calibrated" in trained(LogisticRegression(), rows(0), other).sentence


def test_without_warm_start_the_champion_is_not_looked_at() -> None:
    found = train(TrainingSettings(estimator=LogisticRegression()), rows(0), FEATURES, "f1", 7)
    assert (found.warm, found.sentence) == (False, "It was trained from scratch.")


def test_predictions_that_are_no_numbers_are_an_error() -> None:
    wild = Custom(
        path="sklearn.linear_model.SGDRegressor",
        parameters={"learning_rate": "constant", "eta0": 1e300, "alpha": 0.0},
    )
    with pytest.raises(TrainingError, match=r"could not be trained|no numbers") as error:
        trained(wild, rows(0, Quantity()))
    assert "\n" not in str(error.value)
