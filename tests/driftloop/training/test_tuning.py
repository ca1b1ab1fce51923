"""Balanced, calibrated and tuned models: what they promise, and that they survive being stored."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from driftloop.base.errors import TrainingError
from driftloop.performance.metrics import score
from driftloop.performance.target import Classes
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import (
    SAFE_TYPES,
    Custom,
    HistGradientBoosting,
    LogisticRegression,
    RandomForest,
)
from driftloop.training.training import Examples, TrainingSettings, fit, predict, threshold_of
from driftloop.training.tuning import (
    at_best_threshold,
    best_threshold,
    fit_for_serving,
    hard_predictions,
)

FEATURES = Features(("x", "z"), ("letter",))
RNG = np.random.default_rng(0)
N = 600
TABLE = pd.DataFrame(
    {"x": RNG.normal(size=N), "z": RNG.normal(size=N), "letter": RNG.choice(["a", "b"], N)}
)
RARE = (TABLE.x + RNG.normal(0, 0.7, N) > 1.6).astype(int).to_numpy()
ROWS = Examples(TABLE, RARE, Classes(("0", "1")))
LINEAR = LogisticRegression()
BOOSTING, FOREST = HistGradientBoosting(max_iter=5), RandomForest(n_estimators=5)


def made(estimator: Any = LINEAR, rows: Examples = ROWS, **more: Any) -> Any:
    return fit_for_serving(TrainingSettings(estimator=estimator, **more), rows, FEATURES, "f1")


@pytest.mark.parametrize(
    ("estimator", "imbalance", "calibration", "threshold", "names"),
    [
        *itertools.product(
            [LINEAR],
            ["none", "balanced"],
            ["none", "sigmoid", "isotonic"],
            ["fixed", "tuned"],
            [("0", "1"), ("zebra", "ant")],
        ),
        (BOOSTING, "balanced", "isotonic", "fixed", ("0", "1")),
        (BOOSTING, "balanced", "none", "tuned", ("no", "yes")),
        (BOOSTING, "none", "sigmoid", "tuned", ("0", "1")),
        (FOREST, "balanced", "isotonic", "fixed", ("0", "1")),
        (FOREST, "none", "none", "tuned", ("no", "yes")),
    ],
)
def test_every_combination_is_stored_and_answers_alike(
    estimator: Any, imbalance: Any, calibration: Any, threshold: Any, names: Any
) -> None:
    rows = Examples(TABLE, RARE, Classes(names))
    model = made(estimator, rows, imbalance=imbalance, calibration=calibration, threshold=threshold)
    stored = skops.io.dumps(model)
    unknown = skops.io.get_untrusted_types(data=stored)
    assert set(unknown) <= SAFE_TYPES
    loaded = skops.io.loads(stored, trusted=unknown)
    p = predict(model, TABLE, rows.target)
    np.testing.assert_allclose(predict(loaded, TABLE, rows.target), p, atol=1e-12)
    assert threshold_of(loaded) == threshold_of(model)
    assert (threshold_of(model) is None) == (threshold == "fixed")
    served = loaded.predict(TABLE)
    threshold = 0.5 if threshold_of(model) is None else threshold_of(model)
    expected = rows.target.values(hard_predictions(p, threshold).argmax(axis=1))
    clear = np.abs(p[:, -1] - 0.5) > 1e-9
    assert (served == expected)[clear if threshold == 0.5 else slice(None)].all()


def test_tuned_threshold_scores_better_than_a_half_and_is_out_of_fold() -> None:
    model = made(threshold="tuned")
    threshold = threshold_of(model)
    assert threshold is not None
    assert 0.05 < threshold < 0.5
    p = predict(model, TABLE, ROWS.target)
    assert score("f1", RARE, hard_predictions(p, threshold)) > score("f1", RARE, p) + 0.03
    np.testing.assert_allclose(p, predict(made(), TABLE, ROWS.target))


def test_threshold_of_a_model_that_knows_its_rows_by_heart() -> None:
    """On its own rows every cut of a full tree is perfect; out of fold it is not."""
    tree = Custom(path="sklearn.tree.DecisionTreeClassifier", parameters={"min_samples_leaf": 8})
    own = fit(tree, ROWS, *FEATURES, 0)
    naive = best_threshold("f1", RARE, predict(own, TABLE, ROWS.target))
    assert threshold_of(made(tree, threshold="tuned")) != naive


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1"])
def test_best_cut_is_the_best_of_all(metric: Any) -> None:
    p = RNG.random(200)
    y = (p + RNG.normal(0, 0.2, 200) > 0.7).astype(int)
    both = np.column_stack([1 - p, p])
    every = [score(metric, y, hard_predictions(both, threshold)) for threshold in p]
    threshold = best_threshold(metric, y, both)
    assert score(metric, y, hard_predictions(both, threshold)) >= max(every) - 0.02
    assert score(metric, y, hard_predictions(both, threshold)) >= score(metric, y, both)


def test_best_cut_stays_at_a_half_where_nothing_is_better() -> None:
    p = np.repeat([0.1, 0.9], 50)
    assert best_threshold("f1", (p > 0.5).astype(int), np.column_stack([1 - p, p])) == 0.5


def test_validation_judges_at_the_best_threshold_only_where_one_is_tuned() -> None:
    p = predict(made(), TABLE, ROWS.target)
    fixed = at_best_threshold(TrainingSettings(), "f1", RARE, p)
    best = at_best_threshold(TrainingSettings(threshold="tuned"), "f1", RARE, p)
    assert fixed is p
    assert score("f1", RARE, best) > score("f1", RARE, p)


def test_balancing_finds_the_rare_class_more_often() -> None:
    plain, balanced = (made(imbalance=one).predict(TABLE).mean() for one in ("none", "balanced"))
    assert balanced > 2 * plain


@pytest.mark.parametrize("threshold", ["fixed", "tuned"])
@pytest.mark.parametrize("calibration", ["none", "sigmoid"])
def test_balancing_by_weights_where_there_is_no_class_weight(
    threshold: Any, calibration: Any
) -> None:
    bayes = Custom(path="sklearn.naive_bayes.GaussianNB")
    more: dict[str, Any] = {"threshold": threshold, "calibration": calibration}
    plain, balanced = (
        predict(made(bayes, imbalance=one, **more), TABLE, ROWS.target)
        for one in ("none", "balanced")
    )
    assert not np.allclose(plain, balanced)
    if calibration == "none":
        assert balanced[:, 1].mean() > plain[:, 1].mean() + 0.1
    else:
        assert balanced[:, 1].mean() == pytest.approx(RARE.mean(), abs=0.05)


def test_balancing_what_knows_no_weights_is_refused() -> None:
    nearest = Custom(path="sklearn.neighbors.KNeighborsClassifier")
    with pytest.raises(TrainingError, match=r"neither class_weight nor sample_weight.*valid: none"):
        made(nearest, imbalance="balanced")


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_makes_probabilities_hold(method: Any) -> None:
    """A balanced model promises far too much; calibrated it promises what is there."""
    loose = predict(made(imbalance="balanced"), TABLE, ROWS.target)[:, 1].mean()
    model = made(imbalance="balanced", calibration=method)
    held = predict(model, TABLE, ROWS.target)[:, 1].mean()
    assert loose > RARE.mean() + 0.1
    assert held == pytest.approx(RARE.mean(), abs=0.03)
    inner = model.calibrated_classifiers_[0].estimator
    whole = fit(LINEAR, ROWS, *FEATURES, 0, balanced=True)
    np.testing.assert_allclose(
        inner.predict_proba(TABLE), whole.predict_proba(TABLE), err_msg="trained on all rows"
    )


def test_three_classes_are_calibrated() -> None:
    rows = Examples(TABLE, np.arange(N) % 3, Classes(("a", "b", "c")))
    model = fit_for_serving(
        TrainingSettings(estimator=LINEAR, calibration="isotonic"), rows, FEATURES, "neg_log_loss"
    )
    p = predict(model, TABLE, rows.target)
    assert p.shape == (N, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("what", [{"calibration": "sigmoid"}, {"threshold": "tuned"}])
def test_one_row_of_a_class_makes_no_folds(what: Any) -> None:
    y = np.zeros(N, dtype=int)
    y[5] = 1
    with pytest.raises(TrainingError, match=rf"training.{next(iter(what))} needs two rows of each"):
        made(LINEAR, Examples(TABLE, y, ROWS.target), **what)
