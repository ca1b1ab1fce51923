"""Bounds of a sequential test against published ones and against simulation."""

from datetime import timedelta

import numpy as np
import pytest

from driftloop.base.periods import Window
from driftloop.promotion.sequential import InterimResult, boundaries, judge_trial
from tests.driftloop.cases import NOW

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def look(difference: float, error: float, week: int = 0) -> InterimResult:
    start = NOW + timedelta(weeks=week)
    return InterimResult(Window(start, start + timedelta(weeks=1)), 500, difference, error)


def test_published_bounds() -> None:
    """Lan-DeMets spending of O'Brien and Fleming, 5 looks, two-sided 0.05 (R package ldbounds)."""
    published = [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]
    assert boundaries(FIVE, 0.05) == pytest.approx(published, abs=1e-4)


def test_one_look_is_a_plain_test() -> None:
    assert boundaries([1.0], 0.05) == pytest.approx([1.959964], abs=1e-5)


@pytest.mark.parametrize("information", [[1, 2, 3, 4, 5], [1, 4, 4.5, 6.5, 7.5]])
def test_false_ends_are_as_rare_as_stated(information: list[float]) -> None:
    """Simulated: windows may differ in size as long as what they told is weighed."""
    bounds = np.array(boundaries(FIVE, 0.05, information))
    steps = np.diff([0, *information])
    rng = np.random.default_rng(3)
    walks = np.cumsum(rng.normal(size=(200_000, 5)) * np.sqrt(steps), axis=1)
    ended = (np.abs(walks / np.sqrt(information)) >= bounds).any(axis=1).mean()
    assert ended == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 200_000))


def test_pools_by_precision() -> None:
    found = judge_trial([look(0.1, 0.1), look(0.02, 0.02, 1)], planned=4)
    weight = np.array([1 / 0.1**2, 1 / 0.02**2])
    assert found.difference == pytest.approx((weight * [0.1, 0.02]).sum() / weight.sum())
    assert found.z == pytest.approx((weight * [0.1, 0.02]).sum() / np.sqrt(weight.sum()))
    assert (found.status, found.looks, found.planned) == ("going_on", 2, 4)


@pytest.mark.parametrize(
    ("differences", "status"),
    [
        ([0.06], "better"),
        ([-0.06], "worse"),
        ([0.02], "going_on"),
        ([0.02, 0.02, 0.02, 0.02], "better"),
        ([0.01, -0.01, 0.01, -0.01], "undecided"),
        ([-0.03, -0.03], "worse"),
    ],
)
def test_status(differences: list[float], status: str) -> None:
    """With an error of 0.01: six errors at the first look are beyond its bound of 4.33."""
    looks = [look(value, 0.01, week) for week, value in enumerate(differences)]
    assert judge_trial(looks, planned=4).status == status


@pytest.mark.parametrize("count", [0, 3])
def test_needs_looks_but_no_more_than_planned(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} looks of 2 planned"):
        judge_trial([look(0.1, 0.1, week) for week in range(count)], planned=2)
