"""The rule that adds up windows: its false alarms over years, and what it finds."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from driftloop.base.scores import Score
from driftloop.performance.evidence import (
    Bound,
    at_confidence,
    lengths,
    level_of_look,
    pool,
    recovered,
    since_recovery,
    standard_error,
    strongest_loss,
)
from driftloop.performance.realised import MATTERS

WEEKS, YEARS = 52, 10_000


def window(value: float, error: float, rows: int = 1000) -> Score:
    reach = norm.ppf(0.975) * error
    return Score("accuracy", value, value - reach, value + reach, rows)


def p_values(losses: Any, error: float, holdout: float, noise: Any) -> Any:
    """The rule again over many years at once (years, weeks): windows of one size and precision.

    Sums and a plain normal test, with the smallest of the p-values times their number.
    """
    summed = np.concatenate(
        [np.zeros((len(losses), 1)), np.cumsum(losses + noise[:, None], axis=1)], axis=1
    )
    found = np.ones(losses.shape)
    for week in range(losses.shape[1]):
        tested = [length for length in (1, 3, 9, 27) if length <= week + 1]
        for length in tested:
            mean = (summed[:, week + 1] - summed[:, week + 1 - length]) / length
            z = mean / np.hypot(error / np.sqrt(length), holdout)
            found[:, week] = np.minimum(found[:, week], len(tested) * norm.cdf(-z))
    return found


def test_the_rule_is_the_one_that_is_simulated() -> None:
    rng = np.random.default_rng(1)
    losses, noise = rng.normal(0.005, 0.011, (1, WEEKS)), np.array([0.004])
    expected = p_values(losses, 0.011, 0.005, noise)[0]
    scores = [window(0.85 - loss, 0.011) for loss in losses[0]]
    for week in range(WEEKS):
        newest = scores[: week + 1][::-1]
        found = strongest_loss(newest, (0.85 + noise[0], 0.005), 0.95)
        assert found.p_value == pytest.approx(expected[week])
        assert found.windows in lengths(week + 1)


@pytest.mark.parametrize("holdout", [0.0, 0.005, 0.02])
def test_false_warnings_of_10_000_years_keep_the_budget(holdout: float) -> None:
    """Nothing is lost. The holdout that all windows share is as precise as them, or much worse."""
    rng = np.random.default_rng(0)
    losses = rng.normal(0, 0.0113, (YEARS, WEEKS))
    found = p_values(
        losses, 0.0113, holdout, rng.normal(0, holdout, YEARS) if holdout else np.zeros(YEARS)
    )
    for budget in (2.0, 0.5):
        alarms = (found <= level_of_look(budget, WEEKS)).sum(axis=1)
        assert 0.2 * budget < alarms.mean() < budget


@pytest.mark.parametrize(("error", "holdout"), [(0.0113, 0.005), (0.0113, 0.0113), (0.0036, 0.005)])
def test_losses_that_are_passed_over_warn_and_page_nobody_for_10_000_years(
    error: float, holdout: float
) -> None:
    """The whole rule, with what it allows: a margin of 0.035, and 15 % of it for a warning."""
    rng, margin = np.random.default_rng(1), 0.035
    losses, noise = rng.normal(0, error, (YEARS, WEEKS)), rng.normal(0, holdout, YEARS)
    for allowed, budget, most in ((MATTERS * margin, 2.0, 0.6), (margin, 0.2, 0.001)):
        level = level_of_look(budget, WEEKS)
        found = (
            (p_values(losses + lost - allowed, error, holdout, noise) <= level).sum(axis=1).mean()
            for lost in (0.0, allowed)
        )
        nothing_lost, just_allowed = found
        assert nothing_lost < most
        assert 0.5 * budget < just_allowed < budget


@pytest.mark.parametrize(("slack", "least", "most"), [(0.0, 0.1, 0.2), (1.0, 0.0, 0.015)])
def test_false_pages_of_promises_keep_the_budget_for_10_000_years(
    slack: float, least: float, most: float
) -> None:
    """Both tests of a promise where nothing changed, and any change or one error's is too much.

    A sixth of the variance of a relation is that of the holdout, which all windows share: 1,000
    rows a window, 5,000 of the holdout.
    """
    rng, error, holdout, shared = np.random.default_rng(2), 0.0113, 0.005, 1 / 6
    gaps, noise = rng.normal(0, error, (YEARS, WEEKS)), rng.normal(0, holdout, YEARS)
    short = p_values(gaps - slack * error, error, holdout, noise)
    own, common = rng.normal(size=(YEARS, WEEKS)), rng.normal(size=(YEARS, 1))
    changed = norm.sf(np.sqrt(1 - shared) * own + np.sqrt(shared) * common - slack)
    p_value = 2 * np.minimum(short, changed)  # as in judge_promise
    assert least <= (p_value <= level_of_look(0.2, WEEKS)).sum(axis=1).mean() <= most


def test_a_loss_of_five_points_is_found_within_three_windows() -> None:
    """1,000 rows a window, a holdout of 5,000, for a loss after 20 windows without one."""
    rng = np.random.default_rng(0)
    for accuracy, least in ((0.85, 0.99), (0.7, 0.95)):
        error, holdout = (np.sqrt(accuracy * (1 - accuracy) / rows) for rows in (1000, 5000))
        losses = rng.normal(0, error, (2000, 23))
        losses[:, 20:] += 0.05
        found = p_values(losses, error, holdout, rng.normal(0, holdout, 2000))
        warned = (found[:, 20:] <= level_of_look(2.0, WEEKS)).any(axis=1)
        assert warned.mean() >= least


def test_windows_are_weighted_by_their_rows() -> None:
    value, error = pool((window(0.8, 0.03, 100), window(0.9, 0.01, 300)), 0.95)
    assert value == pytest.approx(0.875)
    assert error == pytest.approx(np.hypot(0.03 / 4, 0.01 * 3 / 4))
    wide = at_confidence(window(0.8, 0.03), 0.95, 0.99)
    assert standard_error(wide, 0.99) == pytest.approx(0.03)


def test_five_unclear_weeks_are_not_five_times_nothing() -> None:
    weeks = [window(0.825, 0.02, 300)] * 5
    each, together = (strongest_loss(some, (0.85, 0.0), 0.95) for some in (weeks[:1], weeks))
    assert each.p_value > 0.1
    assert (together.windows, together.rows) == (3, 900)
    assert together.p_value < 0.04


def test_a_recovery_is_proven_by_windows_above_the_limit_that_show_no_loss() -> None:
    good, unclear, low = window(0.85, 0.01), window(0.83, 0.03), window(0.825, 0.003)

    def closes(*scores: Score, limit: float = 0.82, freedom: float = np.inf) -> bool:
        whole = Bound(scores, 0.85, 0.005)
        return recovered(Bound(scores, limit), whole, (0.95, 0.038), freedom)

    assert closes(good)
    assert not closes(unclear)
    assert closes(unclear, good, good, limit=0.80), "together they prove it"
    assert not closes(low), "above the limit, and a proven loss"
    assert not closes()
    assert not closes(good, freedom=2), "0.85 is 3 errors above 0.82: of Student's with 2, 4.8 %"


def test_windows_since_a_recovery_are_counted_newest_first() -> None:
    assert since_recovery([]) == (0, 0)
    assert since_recovery([True, True]) == (2, 2)
    assert since_recovery([False, True, True]) == (1, 0)
    assert since_recovery([True, False, False, True, False]) == (3, 1)
    assert since_recovery([False, False]) == (2, 0)


def test_a_score_without_spread_is_compared_as_it_is() -> None:
    perfect = Score("accuracy", 1.0, 1.0, 1.0, 500)
    assert strongest_loss((perfect,), (1.0, 0.0), 0.95).p_value == 1.0
    assert strongest_loss((window(0.9, 0.0),), (1.0, 0.0), 0.95).p_value == 0.0
