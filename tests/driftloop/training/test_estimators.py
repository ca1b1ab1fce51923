from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from threadpoolctl import threadpool_limits

from driftloop.base.settings import family_members
from driftloop.performance.target import Classes, Quantity
from driftloop.training.estimators import SAFE_TYPES, Custom, Estimator, NoEstimator
from driftloop.training.training import Examples, fit, predict

RNG = np.random.default_rng(0)
N = 200
EVERY = tuple(member for member in family_members(Estimator) if member is not NoEstimator)
MEMBERS = [one for one in EVERY if "classes" in one.predicts]
REGRESSORS = [one for one in EVERY if "quantity" in one.predicts]
SMALL = {
    "max_iter": 10,
    "n_estimators": 10,
    "path": "sklearn.ensemble.ExtraTreesClassifier",
    "parameters": {"n_estimators": 10},
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two boosting threads that wait for a busy core cost seconds a fit."""
    with threadpool_limits(1):
        yield


def small(member: Any, **changes: Any) -> Any:
    fields = member.model_fields
    given = {**SMALL, **changes}
    return member(**{name: value for name, value in given.items() if name in fields})


def table(**changes: Any) -> pd.DataFrame:
    """Numbers with gaps, a number never there, categories with gaps, one never there."""
    amount = np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(size=N))
    letters = RNG.choice(["a", "b", None], N, p=[0.5, 0.4, 0.1])
    columns = {"amount": amount, "letter": letters, "gone": None}
    return pd.DataFrame({**columns, **changes})


TRAIN = table()
Y = (np.nan_to_num(TRAIN.amount) + (TRAIN.letter == "a") + RNG.normal(size=N) > 0.5).astype(int)


def fitted(member: Any, classes: Classes, numeric: Any, categorical: Any, seed: int = 0) -> Any:
    rows = Examples(TRAIN.assign(lost=np.nan), np.asarray(Y), classes)
    return fit(small(member), rows, numeric, categorical, seed)


def same_answers(left: Any, right: Any) -> None:
    """Equal but for the last bit: a forest adds its trees up in the order threads finish."""
    np.testing.assert_allclose(
        left.predict_proba(TRAIN), right.predict_proba(TRAIN), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize(
    ("numeric", "categorical"),
    [
        (("amount",), ("letter", "gone")),
        (("amount",), ()),
        ((), ("letter",)),
        (("amount", "lost"), ("letter",)),
    ],
    ids=["gaps", "numbers only", "categories only", "number all missing"],
)
def test_copes_with_what_training_never_showed(
    member: Any, numeric: tuple[str, ...], categorical: tuple[str, ...]
) -> None:
    """Gaps, unseen categories, None, and columns that were empty and are filled now."""
    model = fitted(member, Classes(("0", "1")), numeric, categorical)
    new = pd.DataFrame(
        {
            "amount": [np.nan, 1e9, -1e9, 0.0],
            "lost": [1.0, np.nan, 2.0, 3.0],
            "letter": [None, "never seen", "a", ""],
            "gone": ["here", None, "now", ""],
        }
    )
    p = predict(model, new, Classes(("0", "1")))
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("member", MEMBERS)
def test_learns(member: Any) -> None:
    model = fitted(member, Classes(("0", "1")), ("amount",), ("letter",))
    p = predict(model, TRAIN, Classes(("0", "1")))[:, 1]
    assert p[Y == 1].mean() > p[Y == 0].mean() + 0.1


@pytest.mark.parametrize("member", MEMBERS)
def test_is_seeded(member: Any) -> None:
    classes = Classes(("no", "yes"))
    once, again = (fitted(member, classes, ("amount",), ("letter",), 3) for _ in range(2))
    same_answers(once, again)


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("names", [("0", "1"), ("no", "yes")])
def test_is_stored_without_types_beyond_the_allow_list(member: Any, names: tuple[str, str]) -> None:
    model = fitted(member, Classes(names), ("amount",), ("letter", "gone"))
    stored = skops.io.dumps(model)
    unknown = skops.io.get_untrusted_types(data=stored)
    assert set(unknown) <= SAFE_TYPES
    loaded = skops.io.loads(stored, trusted=unknown)
    same_answers(loaded, model)


@pytest.mark.parametrize("member", MEMBERS)
def test_more_categories_than_an_encoder_holds(member: Any) -> None:
    many = TRAIN.assign(letter=[f"merchant {i % 190 + i // 190 * 150}" for i in range(N)])
    rows = Examples(pd.concat([many] * 3, ignore_index=True), np.tile(Y, 3), Classes(("0", "1")))
    model = fit(small(member), rows, ("amount",), ("letter",), 0)
    assert np.isfinite(predict(model, rows.table, rows.target)).all()


def test_three_classes() -> None:
    y = np.arange(N) % 3
    for member in MEMBERS:
        rows = Examples(TRAIN, y, Classes(("a", "b", "c")))
        model = fit(small(member), rows, ("amount",), ("letter",), 0)
        assert predict(model, TRAIN, rows.target).shape == (N, 3)


@pytest.mark.parametrize("member", REGRESSORS)
def test_regressors_learn_cope_and_are_stored(member: Any) -> None:
    """Gaps, unseen categories and columns never filled, as with classes."""
    y = np.nan_to_num(TRAIN.amount) + (TRAIN.letter == "a") + RNG.normal(0, 0.1, N)
    rows = Examples(TRAIN.assign(lost=np.nan), y.to_numpy(), Quantity())
    made = small(member, path="sklearn.ensemble.ExtraTreesRegressor", min_samples_leaf=2)
    model = fit(made, rows, ("amount", "lost"), ("letter", "gone"), 0)
    p = predict(model, rows.table, rows.target)
    assert p.shape == (N, 1)
    assert np.corrcoef(p[:, 0], y)[0, 1] > 0.7
    new = rows.table.assign(lost=1.0, gone="here", letter="never seen", amount=np.nan)
    assert np.isfinite(predict(model, new, rows.target)).all()
    stored = skops.io.dumps(model)
    unknown = skops.io.get_untrusted_types(data=stored)
    assert set(unknown) <= SAFE_TYPES
    same = skops.io.loads(stored, trusted=unknown)
    np.testing.assert_allclose(predict(same, new, rows.target), predict(model, new, rows.target))


@pytest.mark.parametrize("numeric", ["passthrough", "impute", "scale"])
@pytest.mark.parametrize("categorical", ["ordinal", "one_hot"])
def test_custom_prepares_as_asked(numeric: Any, categorical: Any) -> None:
    made = Custom(
        path="sklearn.tree.DecisionTreeClassifier",
        parameters={"max_depth": 3},
        numeric=numeric,
        categorical=categorical,
    )
    rows = Examples(TRAIN, np.asarray(Y), Classes(("0", "1")))
    model = fit(made, rows, ("amount",), ("letter",), 7)
    seen = model.named_steps["prepare"].transform(TRAIN)
    assert np.isnan(seen[:, 0].astype(float)).any() == (numeric == "passthrough")
    assert (abs(np.nanstd(seen[:, 0]) - 1) < 1e-9) == (numeric == "scale")
    assert seen.shape[1] == (2 if categorical == "ordinal" else 4)
    assert model.named_steps["estimator"].get_params()["random_state"] == 7


def test_custom_takes_lists_for_tuples() -> None:
    made = Custom.model_validate(
        {
            "path": "sklearn.neural_network.MLPClassifier",
            "parameters": {"hidden_layer_sizes": [4, 2], "max_iter": 5},
        }
    )
    rows = Examples(TRAIN, np.asarray(Y), Classes(("0", "1")))
    model = fit(made, rows, ("amount",), ("letter",), 0)
    assert [layer.shape[1] for layer in model.named_steps["estimator"].coefs_] == [4, 2, 1]
