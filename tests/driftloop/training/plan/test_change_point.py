"""Dating a change by the losses of a model."""

import numpy as np
import pytest

from driftloop.base.periods import Span
from driftloop.training.plan.change_point import (
    LEAST_ROWS,
    Change,
    change_in_performance,
    joint_change,
    largest_z_by_chance,
    newest_change,
    row_losses,
)
from tests.driftloop.cases import probabilities, utc


def rows(sizes: list[int], turned: list[bool], seed: int = 0, strength: float = 1.5):
    """A model of one input, in regimes that keep or turn its relation to the outcome."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=sum(sizes))
    p = 1 / (1 + np.exp(-strength * x))
    y = (rng.random(len(x)) < p).astype(int)
    flip = np.repeat(turned, sizes)
    return np.where(flip, 1 - y, y), probabilities(p)


def test_losses_by_hand() -> None:
    y, p = np.array([1, 0]), probabilities(np.array([0.9, 0.9]))
    assert row_losses(y, p) == pytest.approx([0.02, 1.62])
    assert row_losses(np.array([2.0]), np.array([[3.5]])) == pytest.approx([1.5])


@pytest.mark.parametrize("after", [120, 400, 2000])
def test_a_turn_is_dated_to_within_rows(after: int) -> None:
    y, p = rows([1500, after], [False, True])
    found = change_in_performance("roc_auc", y, p)
    assert found == pytest.approx(1500, abs=15)


def test_the_newest_regime_counts() -> None:
    y, p = rows([1000, 500, 500, 400], [False, True, False, True])
    assert change_in_performance("roc_auc", y, p) == pytest.approx(2000, abs=15)


def test_a_gradual_change_is_taken_where_enough_rows_follow() -> None:
    rng, share = np.random.default_rng(3), np.clip((np.arange(4000) - 2000) / 1500, 0, 1)
    losses = rng.normal(0, 1, 4000) + 2 * (rng.random(4000) < share)
    newest, patient = newest_change(losses), newest_change(losses, 1000)
    assert newest is not None
    assert patient is not None
    assert 2300 < patient < 2900 < newest
    sudden = rng.normal(np.repeat([0, 2], [900, 100]), 1)
    assert newest_change(sudden, 1500) == pytest.approx(900, abs=10), "one change counts anyway"


def test_a_change_for_the_better_is_no_loss() -> None:
    y, p = rows([800, 800], [True, False])
    assert newest_change(row_losses(y, p)) == pytest.approx(800, abs=15)
    assert change_in_performance("roc_auc", y, p) is None


def test_chance_is_as_stated() -> None:
    """Independent simulation: the share of histories of noise whose largest z is that large."""
    rng, n, most = np.random.default_rng(4), 600, []
    for _ in range(1500):
        x = rng.normal(size=n)
        left = np.arange(LEAST_ROWS, n - LEAST_ROWS + 1)
        sums = np.cumsum(x)
        gaps = sums[left - 1] / left - (sums[-1] - sums[left - 1]) / (n - left)
        most.append(np.abs(gaps / np.sqrt(1 / left + 1 / (n - left))).max())
    for z in (2.8, 3.2):
        assert np.mean(np.array(most) > z) == pytest.approx(largest_z_by_chance(z, n), rel=0.3)
    assert sum(newest_change(rng.exponential(size=n)) is not None for _ in range(500)) <= 4


def test_few_rows_show_no_change() -> None:
    y, p = rows([70, 29], [False, True])
    assert change_in_performance("roc_auc", y, p) is None


def test_two_witnesses_are_heard() -> None:
    week, monday, friday = Span(1, "week"), utc(2026, 5, 18), utc(2026, 5, 22)
    assert joint_change(None, None, week) is None
    assert joint_change(monday, None, week) == Change(monday, "inputs")
    for by in ("performance", "classes"):
        late, early = Change(friday, by), Change(monday, by)
        assert joint_change(None, late, week) == late
        assert joint_change(monday, late, week) == early
        assert joint_change(utc(2026, 4, 6), late, week) == late, "it did no harm"
        assert joint_change(friday, early, week) == early
