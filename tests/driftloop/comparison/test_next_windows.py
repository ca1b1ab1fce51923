"""What to expect of windows to come, against simulated ones and formulas of their own."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from driftloop.base.periods import Span
from driftloop.base.scores import Score
from driftloop.comparison.compare import ComparisonSettings, compare
from driftloop.comparison.next_windows import (
    WindowsOfHoldout,
    next_windows,
    prediction,
    successive_variance,
)
from tests.driftloop.cases import predicted, probabilities

WEEK = Span(1, "week")
TRIALS = 400


def right(rng: np.random.Generator, rows: int, better: float) -> Any:
    """Whether challenger and champion are right on the rows (2, rows) of a week."""
    shared = rng.random(rows) < 0.5  # both right
    chances = np.array([0.5 + better, 0.5])[:, None]
    return shared | (rng.random((2, rows)) < chances)


def calls(called_right: Any) -> tuple[Any, Any, Any]:
    """The truth, and probabilities that are right where they should be."""
    y = np.arange(called_right.shape[1]) % 2
    new, old = (probabilities(np.where(one, y, 1 - y).astype(float)) for one in called_right)
    return y, new, old


def weeks(rng: np.random.Generator, sizes: Any, between: float) -> Any:
    """The same in weeks that differ: the advantage of each is drawn anew around 0.06."""
    return [right(rng, rows, 0.06 + rng.normal(0, between)) for rows in sizes]


def measured(week: Any) -> float:
    return float(week[0].mean() - week[1].mean())


@pytest.mark.slow
@pytest.mark.parametrize(("count", "between"), [(3, 0.2), (5, 0.1), (12, 0.1)])
def test_the_next_week_lies_in_the_interval_as_often_as_stated(count: int, between: float) -> None:
    """Weeks whose difference varies by half of `between`; the rows alone hold hardly half."""
    rng = np.random.default_rng(count)
    held, by_rows = 0, 0
    for _ in range(TRIALS):
        sizes = [*rng.integers(150, 450, count), 300]
        *seen, later = weeks(rng, sizes, between)
        y, new, old = calls(np.hstack(seen))
        windows = WindowsOfHoldout(WEEK, np.repeat(np.arange(count)[::-1], sizes[:-1]))
        gaps = np.hstack([one[0].astype(float) - one[1] for one in seen])
        whole = float(gaps.mean()), float(gaps.std() / np.sqrt(len(gaps)))
        found = next_windows("accuracy", y, ((new, None), (old, None)), windows, whole, 0.95)
        assert found is not None
        assert (found.windows, found.learned_from) == (count, "holdout")
        held += found.low <= measured(later) <= found.high
        by_rows += abs(measured(later) - whole[0]) <= 1.96 * whole[1]
    assert 0.90 < held / TRIALS < 0.98
    assert by_rows / TRIALS < 0.65


def test_scores_of_earlier_weeks_tell_what_weeks_differ_by() -> None:
    """One week of a holdout, ten scores before it, with another champion and a trend on the way."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(TRIALS):
        seen, later = weeks(rng, [300, 300], 0.1)
        levels = np.where(np.arange(10) < 6, 0.8, 0.83) - 0.002 * np.arange(10)
        values = levels + rng.normal(0, 0.05, 10) + rng.normal(0, 0.02, 10)
        earlier = tuple(Score("accuracy", v, v - 0.0392, v + 0.0392, 300) for v in values)
        windows = WindowsOfHoldout(WEEK, np.zeros(300, dtype=np.int64), earlier)
        gaps = seen[0].astype(float) - seen[1]
        whole = float(gaps.mean()), float(gaps.std() / np.sqrt(300))
        y, new, old = calls(seen)
        found = next_windows("accuracy", y, ((new, None), (old, None)), windows, whole, 0.95)
        assert found is not None
        assert (found.windows, found.learned_from) == (10, "earlier")
        held += found.low <= measured(later) <= found.high
    assert 0.90 < held / TRIALS <= 0.98


def test_weeks_of_one_size_have_the_textbooks_interval() -> None:
    """Of one more observation: mean ± t · s · √(1 + 1/k) (Hahn & Meeker), rows of no account."""
    values = np.array([0.02, 0.05, -0.01, 0.08])
    found = prediction(values, np.full(4, 1e-4), np.full(4, 500.0), 0.95)
    reach = t.ppf(0.975, 3) * values.std(ddof=1) * np.sqrt(1.25)
    assert found == pytest.approx((values.mean() - reach, values.mean() + reach))


def test_weeks_that_differ_by_their_rows_alone_keep_the_error_of_the_rows() -> None:
    values = np.array([0.03, 0.031, 0.029, 0.03])
    low, high = prediction(values, np.full(4, 4e-4), np.full(4, 500.0), 0.95)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 3) * np.sqrt(4e-4 * 1.25))


def test_larger_weeks_weigh_more_and_moments_are_unbiased() -> None:
    """The mean of the estimated variance over simulated weeks is the one they were drawn with."""
    rng = np.random.default_rng(0)
    variances, rows = np.array([4e-4, 1e-4, 2e-4]), np.array([100.0, 400.0, 200.0])
    assert sum(prediction(np.array([0.0, 0.7, 0.0]), variances, rows, 0.95)) / 2 == pytest.approx(
        0.4
    )
    reaches = []
    for _ in range(4000):
        values = rng.normal(0, np.sqrt(0.01 + variances))
        low, high = prediction(values, variances, rows, 0.95)
        reaches.append(((high - low) / 2 / t.ppf(0.975, 2)) ** 2)
    share = rows / rows.sum()
    truth = 0.01 + (share**2 * (0.01 + variances)).sum() + 2e-4
    assert np.mean(reaches) == pytest.approx(truth, rel=0.04)


def test_successive_differences_pass_over_a_trend() -> None:
    rng = np.random.default_rng(3)
    steps = 0.01 * np.arange(20)
    found = [
        successive_variance(steps + rng.normal(0, 0.05, 20), np.full(20, 5e-4)) for _ in range(2000)
    ]
    truth = 0.05**2 - 5e-4 + 0.01**2 / 2
    assert np.mean([one[0] for one in found]) == pytest.approx(truth, rel=0.04)
    spread = np.var([one[0] + 5e-4 for one in found])
    assert 2 * 0.05**4 / spread == pytest.approx(found[0][1], rel=0.15)


def test_two_weeks_and_no_scores_tell_nothing_of_the_next() -> None:
    rng = np.random.default_rng(0)
    y, new, old = calls(np.hstack(weeks(rng, [200, 200], 0.1)))
    inputs = predicted(y, new, old)
    two = WindowsOfHoldout(WEEK, np.repeat([1, 0], 200))
    settings = ComparisonSettings(metric="accuracy", gates=())
    done = compare(inputs, settings, two)
    assert done.next_windows is None
    assert "on 400 rows. This holds for these rows only: what windows differ by" in done.sentence


def test_what_people_read_is_of_the_next_weeks_and_the_proof_of_the_holdout() -> None:
    rng = np.random.default_rng(0)
    y, new, old = calls(np.hstack(weeks(rng, [300] * 4, 0.1)))
    settings = ComparisonSettings(metric="accuracy", gates=())
    plain = compare(predicted(y, new, old), settings)
    done = compare(
        predicted(y, new, old), settings, WindowsOfHoldout(WEEK, np.repeat([3, 2, 1, 0], 300))
    )
    assert (done.low, done.high, done.won) == (plain.low, plain.high, plain.won)
    ahead = done.next_windows
    assert ahead is not None
    assert ahead.low < (done.low or 0) < (done.high or 0) < ahead.high
    assert f"Expected in the next weeks: {ahead.low:+.3f} to {ahead.high:+.3f}." in done.sentence
    assert done.scores.next_windows == ahead
    months = WindowsOfHoldout(Span(3, "month"), np.repeat([3, 2, 1, 0], 300))
    told = compare(predicted(y, new, old), settings, months)
    assert "Expected in the next windows of 3 months: " in told.sentence


def test_a_window_of_one_class_or_few_rows_teaches_nothing() -> None:
    rng = np.random.default_rng(0)
    y, new, old = calls(np.hstack(weeks(rng, [200] * 4, 0.1)))
    of_row = np.repeat([3, 2, 1, 0], 200)
    of_row[:8] = 4
    y[of_row == 3] = 0
    windows, pair = WindowsOfHoldout(WEEK, of_row), ((new, None), (old, None))
    found = next_windows("roc_auc", y, pair, windows, (0.1, 0.02), 0.95)
    assert found is not None
    assert found.windows == 3
