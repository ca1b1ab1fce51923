"""Axes of plots: places, and ticks at round values and times."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.reporting.html.axis import Axis, around, round_ticks, round_times, tick_label

FINITE = st.floats(-1e12, 1e12)
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))


def labels(begin: datetime, days: float) -> list[str]:
    return [label for _, label in round_times(begin, begin + timedelta(days=days))]


def test_values_lie_in_proportion() -> None:
    assert Axis(0, 10, 100, 0).place(2.5) == 75
    assert Axis(1, 100, 0, 50, logarithmic=True).place(10) == pytest.approx(25)
    assert Axis(3, 3, 0, 50).place(3) == 25
    assert Axis(-1.7e308, 1.7e308, 0, 50).place(0) == 25


@given(FINITE, FINITE, st.integers(2, 8))
def test_ticks_are_few_inside_and_evenly_apart(one: float, other: float, most: int) -> None:
    low, high = around(*sorted((one, other)), 0.05)
    ticks = round_ticks(low, high, most)
    reach = high - low
    assert 1 <= len(ticks) <= most + 1
    assert low - 1e-6 * reach <= ticks[0] <= ticks[-1] <= high + 1e-6 * reach
    steps = [after - before for before, after in pairwise(ticks)]
    assert max(steps, default=1) <= 2.6 * reach / most
    assert not steps or max(steps) == pytest.approx(min(steps), rel=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.68, 0.87, ["0.7", "0.75", "0.8", "0.85"]),
        (-12, 31, ["-10", "0", "10", "20", "30"]),
        (0, 0.3, ["0", "0.1", "0.2", "0.3"]),
        (5, 5, ["5"]),
    ],
)
def test_ticks_are_round(low: float, high: float, wanted: list[str]) -> None:
    assert [tick_label(value) for value in round_ticks(low, high, 4)] == wanted


def test_ends_stand_in_for_ticks_that_cannot_be_counted() -> None:
    assert round_ticks(-1.7e308, 1.7e308, 4) == (-1.7e308, 1.7e308)


def test_times_are_labelled_in_the_unit_of_their_steps() -> None:
    begin = datetime(2026, 3, 3, tzinfo=UTC)
    assert labels(begin, 0.5) == ["3 Mar 2026", "03:00", "06:00", "09:00", "12:00"]
    assert labels(begin, 5) == ["3 Mar 2026", "4 Mar", "5 Mar", "6 Mar", "7 Mar", "8 Mar"]
    assert labels(begin, 30) == ["9 Mar 2026", "16 Mar", "23 Mar", "30 Mar"]
    assert labels(begin, 365) == ["May 2026", "Jul", "Sep", "Nov", "2027", "Mar"]
    assert labels(begin, 3 * 365) == ["Jul 2026", "2027", "Jul", "2028", "Jul", "2029"]
    assert labels(begin, 20 * 365) == ["2030", "2035", "2040", "2045"]


@given(MOMENTS, st.floats(1e-3, 40_000))
def test_there_are_times_wherever_a_plot_begins(begin: datetime, days: float) -> None:
    end = begin + timedelta(days=days)
    found = [at for at, _ in round_times(begin, end)]
    assert len(found) <= 7
    assert all(begin.timestamp() <= at <= end.timestamp() for at in found)
    assert found == sorted(found)
    assert len(found) >= 2 or days < 1
    assert not any(math.isnan(at) for at in found)
