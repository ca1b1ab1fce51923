from dataclasses import replace
from typing import Any

import pytest

from driftloop.alerting import News, causes_of, news
from driftloop.records import Decision, MonitorRecord, Verdict
from driftloop.triggers import PastRun
from tests.driftloop.cases import (
    BLIND,
    DRIFT,
    NOW,
    OK,
    WEEK,
    WINDOW,
    check,
    past,
    performance,
    retrained,
)

NOTHING = News(None)
HEALTHY = {"performance": "ok"}


def record(verdict: Verdict = OK, fell: bool = False, broken: bool = False) -> MonitorRecord:
    return MonitorRecord(
        model="payments",
        as_of=NOW,
        rev="a" * 40,
        dry_run=False,
        champion="7",
        window=WINDOW,
        rows_reference=100,
        rows_current=100,
        verdict=verdict,
        quality=(check("amount"),) if broken else (),
        findings=(),
        performance=performance("fell" if fell else "ok"),
        decision=Decision("none", ()),
    )


def told(now: MonitorRecord, *history: PastRun) -> News:
    return news(now, history, blind_after=3)


DRIFTED = record(DRIFT)


def test_causes() -> None:
    assert causes_of(record()) == frozenset()
    assert causes_of(record(DRIFT, True, True)) == {"quality", "performance", "drift"}
    assert causes_of(record(BLIND, fell=True)) == {"performance"}


def test_healthy_run_is_silent() -> None:
    assert told(record()) == NOTHING
    assert told(record(), past(1), past(2)) == NOTHING
    assert told(record(Verdict("warning", "moved.")), past(1)) == NOTHING


@pytest.mark.parametrize("now", [DRIFTED, record(fell=True), record(broken=True)])
def test_trouble_is_told_when_it_begins(now: MonitorRecord) -> None:
    assert told(now) == News("trouble", WINDOW.start)
    assert told(now, past(1), past(2, "drift")) == News("trouble", WINDOW.start)


def test_repeat_is_silent() -> None:
    assert told(DRIFTED, past(1, "drift")) == News(None, NOW - 2 * WEEK)
    assert told(DRIFTED, past(1, "drift"), past(2, "drift")).event is None
    assert told(record(fell=True), past(1, performance="fell")).event is None


def test_new_cause_is_told() -> None:
    found = told(record(DRIFT, fell=True), past(1, "drift"), past(2, "drift"), past(3))
    assert found == News("trouble", NOW - 3 * WEEK)


def test_cause_told_earlier_in_the_episode_is_not_told_again() -> None:
    history = past(1, performance="fell"), past(2, "drift", performance="fell")
    assert told(record(DRIFT), *history).event is None


def test_cause_that_went_is_no_news_while_another_stays() -> None:
    assert told(DRIFTED, past(1, "drift", quality_failed=True)).event is None


def test_end_is_told_once() -> None:
    assert told(record(), past(1, "drift"), past(2, "drift"), past(3)) == News(
        "resolved", NOW - 3 * WEEK
    )
    assert told(record(), past(1), past(2, "drift")) == NOTHING


def test_new_champion_with_the_same_trouble_is_news() -> None:
    history = retrained(0.5, won=True), past(1, "drift", champion="6"), past(2)
    assert told(DRIFTED, *history) == News("trouble", NOW - 2 * WEEK)
    again = past(1, "drift"), past(2, "drift", champion="6")
    assert told(DRIFTED, *again).event is None


def test_retrainings_neither_begin_nor_end_an_episode() -> None:
    assert told(record(), retrained(0.5), past(1, "drift")).event == "resolved"
    assert told(DRIFTED, retrained(0.5), past(1, "drift")).event is None


def blind(weeks: float, **more: Any) -> PastRun:
    return past(weeks, "inconclusive", performance="inconclusive", **more)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ((), NOTHING),
        ((blind(1),), NOTHING),
        ((blind(1), blind(2)), News("blind", runs=3)),
        ((blind(1), blind(2), past(3)), News("blind", runs=3)),
        ((blind(1), blind(2), blind(3)), NOTHING),
        ((blind(1), past(2), blind(3)), NOTHING),
        ((blind(1), retrained(1), blind(2)), News("blind", runs=3)),
        ((blind(1), blind(2, quality_failed=True), blind(3)), NOTHING),
    ],
)
def test_blind_is_told_after_so_many_in_a_row(history: Any, found: News) -> None:
    assert told(record(BLIND), *history) == found


def test_blind_after_one() -> None:
    assert news(record(BLIND), (), blind_after=1) == News("blind", runs=1)
    assert news(record(BLIND), (blind(1),), blind_after=1) == NOTHING


def test_blind_run_neither_resolves_nor_repeats_trouble() -> None:
    assert told(record(BLIND), past(1, "drift")) == NOTHING
    assert told(DRIFTED, blind(1), past(2, "drift")).event is None
    assert told(record(), blind(1), past(2, "drift")).event == "resolved"


def test_blind_run_with_broken_data_is_trouble() -> None:
    assert told(record(BLIND, broken=True)).event == "trouble"
    assert told(record(BLIND, broken=True), blind(1, quality_failed=True)).event is None


STUCK = Decision("hold", ("5 challengers in a row did not win.",), held="losing_streak")
HELD = {"action": "hold", "held": "losing_streak"}


def stuck(verdict: Verdict = OK) -> MonitorRecord:
    return replace(record(verdict), decision=STUCK)


@pytest.mark.parametrize(
    ("now", "history", "event"),
    [
        (stuck(), (past(1),), "stuck"),
        (stuck(), (past(1, **HELD), past(2)), None),
        (stuck(), (past(1), past(2, **HELD)), None),
        (stuck(), (past(1, action="hold", held="cooldown"), past(2, **HELD)), "stuck"),
        (stuck(), (past(1, action="retrain"), past(2, **HELD)), "stuck"),
        (stuck(DRIFT), (past(1, "drift"),), "stuck"),
        (stuck(DRIFT), (past(1, "drift", **HELD), past(2, "drift")), None),
        (stuck(DRIFT), (past(1),), "trouble"),
        (stuck(), (past(1, "drift"),), "resolved"),
    ],
    ids=[
        *("first", "told already", "told before a quiet run", "again after a cooldown"),
        *("again after it had gone on", "while drift goes on", "told while drift goes on"),
        *("with the trouble", "end of trouble comes first"),
    ],
)
def test_stuck_is_told_once(now: MonitorRecord, history: Any, event: str | None) -> None:
    assert told(now, *history).event == event


def test_another_rule_that_holds_back_is_silent() -> None:
    cooling = replace(record(), decision=Decision("hold", ("Soon.",), held="cooldown"))
    assert told(cooling, past(1)) == NOTHING
