"""The evaluation matrix: its errors, its best policies and its gains, each by another way."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from driftloop.backtest.gain import gain
from driftloop.backtest.matrix import Matrix, StoredModel, estimate, filled, period_scores
from driftloop.backtest.matrix_result import matrix_sentence, worth_of
from driftloop.backtest.oracle import best_served
from driftloop.backtest.replay import Policy, replay
from driftloop.decision.payoff import Price
from driftloop.performance.delong import delong_test
from driftloop.performance.metrics import score
from driftloop.performance.value import ValueSettings
from tests.driftloop.cases import probabilities

PERIODS, ROWS = 16, 200


def turning(turn: int | None, seed: int = 3) -> Matrix:
    """A made-up matrix: a model knows the relation of the period before it was trained."""
    rng = np.random.default_rng(seed)
    n = PERIODS * ROWS
    x, period = rng.normal(size=n), np.arange(n) // ROWS
    sign = np.where(period >= (PERIODS if turn is None else turn), -1, 1)
    y = (sign * x + rng.logistic(size=n) * 0.5 > 0).astype(np.int64)
    edges = tuple(range(0, n + 1, ROWS))
    models: list[StoredModel | None] = []
    for moment in range(PERIODS):
        knows = 1 if moment == 0 else sign[edges[moment] - 1]
        p = 1 / (1 + np.exp(-2 * knows * x[edges[moment] :]))
        models.append(StoredModel(edges[moment], p[:, None].astype(np.float32)))
    scores = {"all": period_scores("roc_auc", y, 2, edges, tuple(models))}
    return Matrix("roc_auc", y, 2, edges, edges, {"all": tuple(models)}, scores)


def test_scores_are_those_of_each_model_in_each_later_period() -> None:
    matrix = turning(6)
    table = matrix.scores["all"]
    assert np.isnan(table[np.tril_indices(PERIODS, -1)]).all()
    assert table[0, :6].min() > 0.8
    assert table[0, 6:].max() < 0.2
    assert table[7, 7:].min() > 0.8
    model = matrix.models["all"][2]
    assert model is not None
    rows = slice(4 * ROWS, 5 * ROWS)
    assert table[2, 4] == pytest.approx(score("roc_auc", matrix.y[rows], *model.on(rows, 2)))
    with pytest.raises(ValueError, match="was trained on"):
        model.on(slice(0, 10), 2)


def test_the_error_of_independent_rows_is_delongs() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    new, old = (1 / (1 + np.exp(-rng.normal(y * lift, 1))) for lift in (1.2, 1.0))
    found = estimate("roc_auc", y, (probabilities(new), None), (probabilities(old), None))
    difference, *_, low, high = delong_test(y == 1, new, old)
    assert found.value == pytest.approx(difference)
    assert found.error == pytest.approx((high - low) / 3.92, rel=0.35)  # 19 degrees of freedom


def test_days_that_differ_make_a_score_less_certain() -> None:
    rng = np.random.default_rng(1)
    days = np.repeat(rng.normal(0, 1, 20), 100)
    y = rng.normal(size=2000)
    alike, differing = y + rng.normal(size=2000), y + days + rng.normal(size=2000)
    errors = [estimate("neg_mae", y, (p[:, None], None)).error for p in (alike, differing)]
    assert errors[1] > 2 * errors[0]


def brute_force(table: Any, most: int) -> float:
    best = -np.inf
    for count in range(most + 1):
        for starts in itertools.combinations(range(1, len(table)), count):
            edges = [0, *starts, len(table)]
            total = sum(
                np.nansum(table[begin, begin:end]) for begin, end in itertools.pairwise(edges)
            )
            best = max(best, total)
    return float(best)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 6])
def test_the_best_possible_is_what_trying_everything_finds(most: int) -> None:
    table = np.random.default_rng(most).normal(size=(7, 7))
    table[np.tril_indices(7, -1)] = np.nan
    table[:, 3] = np.nan
    best = best_served(table, most)
    assert len(best.trained) - 1 <= most
    assert np.nansum(best.scores) == pytest.approx(brute_force(table, most))
    assert np.isnan(best.scores[3])


def test_a_price_is_paid_only_where_the_gain_is_larger() -> None:
    table = turning(6).scores["all"]
    assert best_served(table, 5).trained[1:2] != ()
    assert best_served(table, 5, price=0.5).trained == (0, 7)
    assert best_served(table, 5, price=100.0).trained == (0,)


def test_a_model_that_could_not_be_trained_is_its_predecessor() -> None:
    table = np.array([[1.0, 2, 3], [np.nan] * 3, [np.nan, np.nan, 5]])
    assert filled(table)[1, 1:].tolist() == [2, 3]
    assert filled(table)[2, 2] == 5


def test_gains_of_dependent_periods_have_wider_intervals() -> None:
    """Against independent periods of the same spread; and the mean's error, known exactly."""
    rng = np.random.default_rng(4)
    steps = rng.normal(size=400)
    independent = gain(steps)
    assert independent.high - independent.low == pytest.approx(2 * 1.645 / 20, rel=0.2)
    slow = np.repeat(rng.normal(size=50), 8)
    assert gain(slow).high - gain(slow).low > 1.8 * (independent.high - independent.low)
    assert gain(np.array([np.nan, 1.0, np.nan, 3.0])).mean == 2
    assert np.isnan(gain(np.array([1.0, 2.0])).low)
    assert gain(np.full(9, 0.5)).proven
    assert not gain(np.array([-1.0, 1, -1, 1, -1, 1, 0, 0])).proven


@pytest.mark.parametrize("periods", [12, 24, 60])
def test_the_interval_of_few_periods_holds_the_mean_as_often_as_it_says(periods: int) -> None:
    """Of 500 histories whose periods resemble the one before, with mean 0, about 90 %."""
    rng = np.random.default_rng(periods)
    noise = rng.normal(size=(500, periods + 1))
    found = [gain(one) for one in noise[:, 1:] + 0.3 * noise[:, :-1]]
    held = np.mean([one.low <= 0 <= one.high for one in found])
    assert 0.86 < held < 0.97


def test_a_loss_retrains_and_a_calm_calendar_hardly() -> None:
    matrix = turning(6)
    loss = replay(matrix, Policy("on loss", ("all",), on_loss=True, budget=1.0, proof=0.0))
    assert loss.retrained[0] == 7
    assert loss.scores[7:] != pytest.approx(matrix.scores["all"][0, 7:])
    assert min(loss.scores[-3:]) > 0.8
    calm = turning(None)
    eager = replay(calm, Policy("calendar", ("all",), every=2))
    patient = replay(calm, Policy("patient", ("all",), every=2, patience=2.0))
    assert eager.retrained == (2, 4, 6, 8, 10, 12, 14)
    assert len(patient.retrained) < len(eager.retrained)
    spent = replay(calm, Policy("short", ("all",), every=1, budget=0.25, purse=1.0))
    assert spent.retrained == (1, 5, 9, 13)


OWN = Policy(
    "as configured", ("all",), budget=1 / 3, reserve=1, every=3, patience=2, on_loss=True, proof=-1
)


def test_the_result_says_what_was_kept_and_where_nothing_is_to_gain() -> None:
    matrix = turning(4)
    policies, whole = worth_of(matrix, OWN)
    by_name = {one.policy: one for one in policies}
    assert by_name["never"].retrains == 0
    assert by_name["never"].kept == 0
    assert by_name["every period"].kept == pytest.approx(1)
    assert whole.mean == by_name["every period"].gain.mean
    assert by_name["best possible"].retrains <= PERIODS / 3
    assert all(one.regret >= -1e-9 for one in policies if one.policy != "every period")
    assert by_name["never"].regret > by_name["as configured"].regret
    assert "the policy as configured on all keeps" in matrix_sentence(policies, whole, "roc_auc")
    calm, nothing = worth_of(turning(None), OWN)
    assert not nothing.proven
    assert matrix_sentence(calm, nothing, "roc_auc").startswith("There is nothing to gain")


MONEY = ValueSettings(true_positive=2, false_positive=-1, false_negative=-3, currency="EUR")


def test_a_model_is_worth_what_its_outcomes_are() -> None:
    matrix = replace(turning(6), value=MONEY)
    rows = slice(3 * ROWS, 4 * ROWS)
    model = matrix.models["all"][2]
    assert model is not None
    called, true = model.on(rows, 2)[0][:, 1] > 0.5, matrix.y[rows] == 1
    by_hand = 2 * (called & true).sum() - (called & ~true).sum() - 3 * (~called & true).sum()
    assert matrix.worth(("all", 2), rows) == by_hand
    assert matrix.worths("all")[2, 3] == by_hand
    assert np.isnan(matrix.worths("all")[2, 1])
    assert matrix.unit == "EUR"


def test_a_price_is_paid_once_that_much_was_lost() -> None:
    """The turn costs about two thirds of 200 rows' worth a period; a calm world costs nothing."""
    matrix = replace(turning(6), value=MONEY)
    table = matrix.worths("all")
    lost_a_period = table[7, 8:].mean() - table[0, 8:].mean()
    priced = replace(
        OWN, budget=1, price=Price(retrain=1.6 * lost_a_period), every=1, patience=1, reserve=0
    )
    for factor, first in ((0.6, 7), (1.6, 8), (2.6, 9)):
        done = replay(matrix, replace(priced, price=Price(retrain=factor * lost_a_period)))
        assert done.retrained[0] == first
        assert len(done.retrained) <= 2
    assert replay(matrix, replace(priced, price=Price(retrain=50 * lost_a_period))).retrained == ()
    calm = replace(turning(None), value=MONEY)
    assert replay(calm, priced).retrained == ()
    policies, whole = worth_of(matrix, priced)
    by_name = {one.policy: one for one in policies}
    net = table[0, :8].sum() + table[8, 8:].sum() - table[0].sum() - 1.6 * lost_a_period
    assert by_name["as configured"].gain.mean == pytest.approx(net / PERIODS)
    assert whole.mean == pytest.approx((table.diagonal() - table[0]).mean())
    assert by_name["every period"].gain.mean == pytest.approx(
        whole.mean - 1.6 * lost_a_period * (PERIODS - 1) / PERIODS
    )
    assert by_name["best possible"].retrains == 1
    assert by_name["as configured"].regret >= 0


def test_a_champion_that_proves_worse_is_rolled_back() -> None:
    """Models of moment 7 on learned the other sign, which nothing of what follows bears out."""
    matrix = turning(6)
    back = np.where(np.arange(len(matrix.y)) >= 7 * ROWS, 1 - matrix.y, matrix.y)
    matrix = replace(matrix, y=back)
    matrix = replace(
        matrix,
        scores={"all": period_scores("roc_auc", back, 2, matrix.edges, matrix.models["all"])},
    )
    eager = Policy("eager", ("all",), every=7, proof=None)
    kept = replay(matrix, eager)
    watched = replay(matrix, replace(eager, probation=4))
    assert (kept.promoted[0], watched.promoted[0]) == (7, 7)
    assert watched.rolled_back == (8, 15)
    assert kept.rolled_back == ()
    assert watched.scores[8] > 0.8 > 0.2 > kept.scores[8]


def test_a_loss_that_nothing_helps_alarms_once_and_calls_a_person() -> None:
    matrix = turning(None)
    noise = np.random.default_rng(0).permutation(matrix.y[5 * ROWS :])
    y = np.concatenate([matrix.y[: 5 * ROWS], noise])
    matrix = replace(matrix, y=y)
    loss = Policy("loss", ("all",), on_loss=True, margin=-0.01, proof=1.96, stop_after=2)
    done = replay(matrix, loss)
    assert done.alarms == (6,)
    assert done.promoted == ()
    assert done.calls == len(done.retrained) // 2 > 0
    heard: list[slice] = []
    silent = replay(matrix, loss, lambda _, rows: bool(heard.append(rows)))
    assert silent.retrained == ()
    assert len(heard) == PERIODS - 1


def test_a_challenger_of_a_loss_may_learn_from_half_of_it() -> None:
    """The turn is seen at 7; at 8 one of the two periods since teaches, and the other judges."""
    loss = Policy("loss", ("all",), on_loss=True, margin=-0.01, proof=1.96)
    assert replay(turning(6), loss).promoted == (8,)
