from typing import Any

import pytest

from driftloop.periods import Span
from driftloop.triggers import AgeTrigger, DriftTrigger, PerformanceTrigger
from tests.driftloop.cases import BLIND, NOW, OK, WEEK, evidence, performance, utc


@pytest.mark.parametrize(
    ("changes", "fired", "why"),
    [
        ({}, True, "Drift: 1 of 2 features drifted: amount."),
        ({"performance": performance("fell")}, True, "Drift: "),
        ({"performance": performance("inconclusive")}, True, "Drift: "),
        ({"performance": performance("ok")}, False, "performance holds"),
        ({"verdict": OK, "drift_since": None}, False, "No drift."),
        ({"verdict": BLIND}, False, "No drift."),
        ({"drift_since": None}, False, "No drift."),
        ({"drift_since": NOW}, False, "no label of the drifted time"),
        ({"labelled_until": NOW - 4 * WEEK}, False, "no label of the drifted time"),
        ({"performance": performance(end=NOW - 4 * WEEK)}, False, "no label of the drifted"),
        ({"performance": performance("ok", end=NOW - 5 * WEEK)}, False, "no label"),
    ],
)
def test_drift(changes: Any, fired: bool, why: str) -> None:
    result = DriftTrigger().check(evidence(**changes))
    assert (result.trigger, result.fired) == ("drift", fired)
    assert why in result.sentence


def test_drift_even_if_performance_holds() -> None:
    trigger = DriftTrigger(even_if_performance_holds=True)
    assert trigger.check(evidence(performance=performance("ok"))).fired


@pytest.mark.parametrize(
    ("status", "fired"),
    [("fell", True), ("ok", False), ("unclear", False), ("inconclusive", False)],
)
def test_performance(status: str, fired: bool) -> None:
    result = PerformanceTrigger().check(evidence(performance=performance(status)))
    assert (result.fired, result.sentence) == (fired, f"It is {status}.")


@pytest.mark.parametrize(
    ("trained", "fired"),
    [
        (utc(2025, 9, 9, 6), True),
        (utc(2025, 9, 9, 7), False),
        (utc(2024, 1, 1), True),
        (None, False),
    ],
)
def test_age(trained: Any, fired: bool) -> None:
    result = AgeTrigger(after=Span(6, "month")).check(evidence(champion_trained_until=trained))
    assert result.fired == fired
    assert ("unknown" if trained is None else "the limit is 6 months") in result.sentence
