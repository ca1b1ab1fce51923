from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from driftloop.base.findings import EstimatedPerformance, Promise
from driftloop.base.periods import Span
from driftloop.base.scores import Score
from driftloop.decision.decision import DecisionSettings, decide
from driftloop.decision.triggers import (
    AgeTrigger,
    CalendarTrigger,
    DriftTrigger,
    EstimatedPerformanceTrigger,
    ManualTrigger,
    PerformanceTrigger,
    PromiseTrigger,
)
from tests.driftloop.cases import (
    BLIND,
    NOW,
    OK,
    WEEK,
    WINDOW,
    evidence,
    past,
    performance,
    retrained,
    utc,
)


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({}, "fired", "Drift: 1 of 2 features drifted: amount."),
        ({"performance": performance("fell")}, "fired", "Drift: "),
        ({"performance": performance("inconclusive")}, "fired", "Drift: "),
        ({"performance": performance("ok")}, "quiet", "performance holds"),
        ({"verdict": OK, "drift_since": None}, "quiet", "No drift."),
        ({"verdict": BLIND}, "inconclusive", "unknown"),
        ({"drift_since": None}, "quiet", "No drift."),
        ({"drift_since": NOW}, "inconclusive", "no labels of the drifted period"),
        ({"labelled_until": NOW - 4 * WEEK}, "inconclusive", "no labels of the drifted period"),
        (
            {"performance": performance(end=NOW - 4 * WEEK)},
            "inconclusive",
            "no labels of the drifted",
        ),
        ({"performance": performance("ok", end=NOW - 5 * WEEK)}, "inconclusive", "no label"),
    ],
)
def test_drift(changes: Any, status: str, why: str) -> None:
    result = DriftTrigger().check(evidence(**changes))
    assert (result.trigger, result.status) == ("drift", status)
    assert why in result.sentence


def test_drift_even_if_performance_holds() -> None:
    trigger = DriftTrigger(even_if_performance_holds=True)
    assert trigger.check(evidence(performance=performance("ok"))).fired


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("fell", "fired"),
        ("ok", "quiet"),
        ("unclear", "inconclusive"),
        ("inconclusive", "inconclusive"),
    ],
)
def test_performance(status: str, told: str) -> None:
    result = PerformanceTrigger().check(evidence(performance=performance(status)))
    assert (result.status, result.sentence) == (told, f"It is {status}.")


def test_a_broken_promise_retrains_where_the_score_holds() -> None:
    def told(promise: Any) -> str:
        return (
            PromiseTrigger().check(evidence(performance=performance("ok", promise=promise))).status
        )

    gap = Score("neg_log_loss", -0.2, -0.25, -0.15, 900)
    broken = Promise("broken", gap, -0.3, -0.5, 1, 1e-9, "It was broken.")
    assert (told(broken), told(replace(broken, status="kept")), told(None)) == (
        "fired",
        "quiet",
        "inconclusive",
    )
    assert told(replace(broken, proven=False)) == "quiet", "watched until it is proven kept"


def test_an_estimated_loss_alerts_and_may_retrain() -> None:
    lost = EstimatedPerformance(
        "f1", "reweighted", WINDOW, 900, 0.6, 0.5, 0.7, 0.0, "lost", "Lost."
    )
    for estimate, statuses in (
        (lost, ("quiet", "fired")),
        (replace(lost, status="ok"), ("quiet", "quiet")),
        (replace(lost, status="unclear"), ("inconclusive", "inconclusive")),
        (None, ("inconclusive", "inconclusive")),
    ):
        inputs = evidence(OK, estimate=estimate, performance=performance("ok"), drift_since=None)
        kinds = EstimatedPerformanceTrigger(), EstimatedPerformanceTrigger(retrain=True)
        assert tuple(kind.check(inputs).status for kind in kinds) == statuses
        action = "alert" if estimate is lost else "none"
        assert decide(inputs, (), DecisionSettings(triggers=kinds[:1])).action == action


@pytest.mark.parametrize(
    ("trained", "status"),
    [
        (utc(2025, 9, 9, 6), "fired"),
        (utc(2025, 9, 9, 7), "quiet"),
        (utc(2024, 1, 1), "fired"),
        (None, "inconclusive"),
    ],
)
def test_age(trained: Any, status: str) -> None:
    result = AgeTrigger(after=Span(6, "month")).check(evidence(champion_trained_until=trained))
    assert result.status == status
    assert ("unknown" if trained is None else "the limit is 6 months") in result.sentence


def gained(weeks: float, errors: float | None) -> Any:
    return replace(retrained(weeks), gained=errors)


@pytest.mark.parametrize(
    ("history", "status", "why"),
    [
        (
            (),
            "fired",
            "10 windows since the newest rows were learned from; the calendar waits for 3",
        ),
        ((past(1), gained(2, 2.0)), "quiet", "2 windows"),
        ((past(1), gained(3, 2.0)), "fired", "3 windows"),
        ((past(1), gained(3, None)), "fired", "waits for 3."),
        ((gained(5, 0.4),), "quiet", "waits for 6, as the last challengers gained nothing"),
        ((gained(6, 0.4),), "fired", "waits for 6"),
        ((gained(3, 0.4), gained(6, 0.4)), "fired", "waits for 3."),
        ((gained(11, -1.0), past(12), gained(20, 0.3)), "quiet", "waits for 12"),
        ((gained(12, -1.0), gained(20, 0.3)), "fired", "waits for 12"),
        ((gained(4, 2.0), gained(12, -1.0), gained(20, 0.3)), "fired", "waits for 3."),
    ],
)
def test_the_calendar_waits_longer_where_nothing_is_gained(
    history: Any, status: str, why: str
) -> None:
    result = CalendarTrigger().check(evidence(history=history))
    assert (result.trigger, result.status) == ("calendar", status)
    assert why in result.sentence


def test_a_month_is_a_month_however_long() -> None:
    """From 1 December on three months are 90 days: 2.9 times January, 3.2 times February."""
    for days in (28, 31):
        window = performance(end=utc(2026, 3, 1)).window
        window = replace(window, start=window.end - timedelta(days=days))
        inputs = evidence(
            as_of=utc(2026, 3, 1),
            performance=performance(window=window),
            champion_trained_until=utc(2025, 12, 1),
        )
        assert CalendarTrigger().check(inputs).fired
    unknown = CalendarTrigger().check(evidence(champion_trained_until=None))
    assert unknown.status == "inconclusive"


@pytest.mark.parametrize(
    ("manual_reason", "status", "why"),
    [("The merchant list changed.", "fired", "The merchant list"), (None, "quiet", "Nobody")],
)
def test_manual(manual_reason: str | None, status: str, why: str) -> None:
    result = ManualTrigger().check(evidence(manual_reason=manual_reason))
    assert result.status == status
    assert why in result.sentence
