import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from driftloop.base.errors import TrainingError
from driftloop.performance.target import Classes, Quantity
from driftloop.profiling.reference_profile import Features
from driftloop.training.estimators import Custom, LogisticRegression
from driftloop.training.search import Search
from driftloop.training.search.base import SearchProblem
from driftloop.training.search.halving import Halving
from driftloop.training.search.space import Range, propose
from driftloop.training.search.tpe import Optuna
from driftloop.training.training import Examples, TrainingSettings
from driftloop.training.validation import search, search_problem

FEATURES = Features(("x", "z"), ())
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"x": RNG.normal(size=240), "z": RNG.normal(size=240)})
Y = (TABLE.x + RNG.normal(0, 1, 240) > 0).astype(int).to_numpy()
ROWS = Examples(TABLE, Y, Classes(("0", "1")))
LINEAR = LogisticRegression()
PEAK = {"at": Range(low=0.0, high=1.0)}
each = pytest.mark.parametrize("kind", [Halving, Optuna])


def settings(how: Search) -> TrainingSettings:
    return TrainingSettings(estimator=LINEAR, search=how)


def peak(**more: Any) -> SearchProblem:
    """Scores best at 0.3; the configured setting is 0.9."""
    folds = tuple(TimeSeriesSplit(3).split(np.arange(90)))

    def scored(parameters: Any, past: Any, future: Any) -> float:
        return -abs(parameters.get("at", 0.9) - 0.3)

    return SearchProblem(90, folds, **{"score": scored, "configured": {"at": 0.9}, **more})


@given(st.integers(1, 12), st.integers(0, 99))
def test_proposals_are_seeded_and_do_not_repeat(trials: int, seed: int) -> None:
    space = {"C": (0.1, 0.2, 0.3), "max_iter": (10, 20)}
    proposals = propose(space, trials, {"C": 0.1, "max_iter": 20}, seed)
    assert proposals == propose(space, trials, {"C": 0.1, "max_iter": 20}, seed)
    assert proposals[0] == {}
    assert {"C": 0.1, "max_iter": 20} not in proposals, "the configured ones are {}"
    assert min(trials, 5) <= len(proposals) <= 1 + min(trials, 6)
    assert len({tuple(sorted(proposal.items())) for proposal in proposals}) == len(proposals)


@given(st.booleans(), st.booleans(), st.integers(0, 99))
def test_values_lie_within_their_range(log: bool, integer: bool, seed: int) -> None:
    space = {"a": Range(low=1, high=50, log=log, integer=integer)}
    drawn = [one["a"] for one in propose(space, 10, {"a": 3}, seed)[1:]]
    assert all(1 <= value <= 50 for value in drawn)
    assert all(isinstance(value, int) for value in drawn) is integer
    assert len(set(drawn)) > 3


@each
def test_nothing_is_searched_without_trials_or_space(kind: Any) -> None:
    for how in (kind(trials=0, space={"C": (1e-4,)}), kind()):
        (trial,) = search(settings(how), ROWS, FEATURES, "roc_auc")
        assert trial.parameters == {}


@each
def test_finds_the_peak_and_is_seeded(kind: Any) -> None:
    how = kind(space=PEAK, trials=20)
    first, again = (how.search(peak(), 4) for _ in range(2))
    assert first == again
    assert abs(first[0].parameters["at"] - 0.3) < 0.1
    assert {} in [trial.parameters for trial in first]


@each
def test_configured_settings_win_where_they_are_best(kind: Any) -> None:
    trials = kind(space={"at": (0.0, 0.9)}, trials=4).search(peak(score=_nearest(0.9)), 0)
    best = kind(space={"at": (0.0, 1.0)}, trials=4).search(peak(score=_nearest(0.9)), 0)
    assert trials[0].parameters == {}
    assert best[0].parameters == {}


def _nearest(best: float) -> Any:
    return lambda parameters, past, future: -abs(parameters.get("at", 0.9) - best)


@each
def test_time_that_is_up_leaves_the_configured_settings(kind: Any) -> None:
    trials = kind(space=PEAK, trials=50, minutes=1e-9).search(peak(), 0)
    assert trials[0].parameters == {}
    assert trials[0].score == pytest.approx(-0.6)
    assert [trial for trial in trials[1:] if np.isfinite(trial.score)] == []


@each
def test_time_that_is_up_keeps_what_was_tried(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("driftloop.training.search.base.time.monotonic", lambda: now[0])

    def slow(parameters: Any, past: Any, future: Any) -> float:
        now[0] += 1.0
        return -abs(parameters.get("at", 0.9) - 0.3)

    trials = kind(space=PEAK, trials=50, minutes=0.5).search(peak(score=slow), 0)
    tried = [trial for trial in trials if np.isfinite(trial.score)]
    assert 2 <= len(tried) < 20
    assert tried[0].score >= -0.6


@each
def test_settings_without_a_score_lose(kind: Any) -> None:
    def holes(parameters: Any, past: Any, future: Any) -> float:
        at = parameters.get("at", 0.9)
        return float("nan") if at < 0.5 else -at

    trials = kind(space=PEAK, trials=15).search(peak(score=holes), 0)
    assert 0.5 <= trials[0].parameters["at"] < 0.9


@each
def test_without_any_score_the_configured_settings_stay(kind: Any) -> None:
    trials = kind(space=PEAK, trials=5).search(peak(score=lambda *_: float("nan")), 0)
    assert trials[0].parameters == {}


@each
def test_progress_ends_with_all(kind: Any) -> None:
    seen: list[tuple[int, int]] = []
    kind(space=PEAK, trials=7).search(peak(on_trial=lambda *at: seen.append(at)), 0)
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] == seen[-1][1] >= 8


def test_halving_lets_few_go_on_with_all_rows() -> None:
    trials = Halving(space=PEAK, trials=8, factor=3).search(peak(), 0)
    shares = [trial.share for trial in trials]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], len([share for share in shares if share == 1.0])) == (1.0, 1)
    assert min(shares) == pytest.approx(1 / 9)


def test_halving_keeps_as_many_rows_as_the_rarest_class_needs() -> None:
    sizes: list[int] = []

    def noted(parameters: Any, past: Any, future: Any) -> float:
        sizes.append(len(past))
        return 0.0

    Halving(space=PEAK, trials=8).search(peak(score=noted, min_rows=80), 0)
    assert min(sizes) >= 0.8 * 22


def test_optuna_that_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TrainingError, match=r"pip install 'driftloop\[search\]'"):
        Optuna(space=PEAK).search(peak(), 0)


@each
def test_search_over_a_model(kind: Any) -> None:
    how = settings(kind(space={"C": (1e-4, 1.0, 100.0)}, trials=3))
    found = search(how, ROWS, FEATURES, "neg_log_loss")
    assert found == search(how, ROWS, FEATURES, "neg_log_loss")
    assert found[0].parameters.get("C") != 1e-4


def test_search_over_a_custom_estimators_parameters() -> None:
    tree = Custom(path="sklearn.tree.DecisionTreeRegressor")
    how = TrainingSettings(
        estimator=tree,
        search=Halving(space={"max_depth": Range(low=1, high=6, integer=True)}),
    )
    rows = Examples(TABLE, np.sin(3 * TABLE.x).to_numpy(), Quantity())
    found = search(how, rows, FEATURES, "neg_rmse")
    assert found[0].score > -0.5
    assert found[0].parameters["max_depth"] > 1


def test_settings_that_fail_lose_and_configured_ones_that_fail_are_an_error() -> None:
    path = "sklearn.neighbors.KNeighborsClassifier"
    space = {"n_neighbors": (5000, 20)}
    few = TrainingSettings(estimator=Custom(path=path), search=Halving(space=space))
    found = search(few, ROWS, FEATURES, "roc_auc")
    assert found[0].parameters.get("n_neighbors") != 5000
    bad = Custom(path=path, parameters={"n_neighbors": -1})
    with pytest.raises(TrainingError, match="KNeighborsClassifier could not be trained"):
        search(few.model_copy(update={"estimator": bad}), ROWS, FEATURES, "roc_auc")


def test_search_without_any_score_keeps_the_configured_settings() -> None:
    one_class = Examples(TABLE, np.zeros(240, dtype=int), ROWS.target)
    found = search(settings(Halving(space={"C": (5.0,)})), one_class, FEATURES, "roc_auc")
    assert found[0].parameters == {}


def test_search_on_fewer_rows_than_folds_is_an_error_a_person_can_read() -> None:
    """minimum_rows: 20 and folds: 20 are both allowed."""
    few = ROWS.rows(slice(0, 20))
    with pytest.raises(TrainingError, match="fold"):
        search(settings(Halving(space={"C": (5.0,)}, folds=20)), few, FEATURES, "roc_auc")


def test_folds_are_in_time_order_and_have_a_score() -> None:
    """The scores of scikit-learn's own folds, computed apart; a fold of one class is left out."""
    from sklearn.metrics import roc_auc_score

    y = Y.copy()
    y[60:120] = 0
    rows = Examples(TABLE, y, ROWS.target)
    problem = search_problem(settings(Halving(space={"C": (5.0,)})), rows, FEATURES, "roc_auc")
    every = list(TimeSeriesSplit(n_splits=3).split(TABLE))
    assert len(problem.folds) == 2
    for (past, future), kept in zip(every[1:], problem.folds, strict=True):
        assert (past.tolist(), future.tolist()) == (kept[0].tolist(), kept[1].tolist())
        model = LINEAR.build(*FEATURES, 0).fit(TABLE.iloc[past], y[past])
        answer = model.predict_proba(TABLE.iloc[future])[:, 1]
        assert problem.score({}, *kept) == pytest.approx(roc_auc_score(y[future], answer))
