from dataclasses import replace
from typing import Any

import pytest

from driftloop.base.findings import Verdict
from driftloop.base.periods import Span
from driftloop.base.records import Decision
from driftloop.decision.decision import DecisionSettings, budget_left, decide, drift_since
from driftloop.decision.payoff import Price, lost_since
from driftloop.decision.triggers import (
    AgeTrigger,
    CalendarTrigger,
    DriftTrigger,
    ManualTrigger,
    PerformanceTrigger,
)
from tests.driftloop.cases import (
    BLIND,
    DRIFT,
    NOW,
    OK,
    WEEK,
    check,
    evidence,
    past,
    performance,
    retrained,
)

ALL = DecisionSettings(triggers=(DriftTrigger(), PerformanceTrigger(), AgeTrigger()))
FELL = {"performance": performance("fell")}
QUIET = {"verdict": OK, "drift_since": None, "performance": performance("ok")}


def decided(settings: DecisionSettings = ALL, quality: Any = (), **changes: Any) -> Decision:
    return decide(evidence(**changes), quality, settings)


def test_nothing_wrong() -> None:
    assert decided(**QUIET).action == "none"
    assert decided(**QUIET).reasons == (OK.sentence,)


def test_drift_retrains() -> None:
    done = decided()
    assert done.action == "retrain"
    assert done.reasons == (f"Drift: {DRIFT.sentence}",)
    kinds = [trigger.trigger for trigger in done.triggers]
    assert kinds == ["drift", "performance", "age", "manual"]


def test_any_trigger_is_enough() -> None:
    assert decided(**{**QUIET, **FELL}).action == "retrain"
    assert decided(**QUIET, champion_trained_until=NOW - 60 * WEEK).action == "retrain"
    assert len(decided(**FELL).reasons) == 2


def test_no_trigger_never_retrains() -> None:
    done = decided(DecisionSettings(triggers=()), **FELL)
    assert done.action == "alert"
    assert [trigger.trigger for trigger in done.triggers] == ["manual"]


@pytest.mark.parametrize("changes", [{}, FELL, QUIET, {"verdict": BLIND}])
def test_broken_data_forbid_to_retrain(changes: Any) -> None:
    done = decided(quality=(check("amount"), check(None)), **changes)
    assert done.action == "hold"
    assert done.reasons[0] == "`amount` lost its values."
    assert "Data quality failed (amount, the window): no retraining" in done.reasons[-1]


@pytest.mark.parametrize("status", ["ok", "inconclusive"])
def test_only_failed_checks_forbid(status: str) -> None:
    assert decided(quality=(check("amount", status),)).action == "retrain"


@pytest.mark.parametrize("drifting", [None, NOW - 4 * WEEK])
def test_inconclusive_window_does_not_retrain(drifting: Any) -> None:
    """Not even an old champion: the window that would show whether it still fits is unknown."""
    old = {"champion_trained_until": NOW - 60 * WEEK}
    done = decided(verdict=BLIND, drift_since=drifting, **old)
    assert (done.action, done.reasons) == ("none", (BLIND.sentence,))


def test_warning_does_not_retrain() -> None:
    done = decided(**{**QUIET, "verdict": Verdict("warning", "amount moved.")})
    assert done.action == "none"


@pytest.mark.parametrize("status", ["ok", "unclear", "inconclusive"])
def test_drift_waits_for_labels(status: str) -> None:
    done = decided(labelled_until=NOW - 5 * WEEK, performance=performance(status))
    assert done.action == "alert"
    assert done.reasons[0] == DRIFT.sentence
    assert "no labels of the drifted period" in done.reasons[1]


def test_harmless_drift_alerts() -> None:
    done = decided(performance=performance("ok"))
    assert done.action == "alert"
    assert "performance holds" in done.reasons[1]


@pytest.mark.parametrize(
    ("weeks", "action"), [(0.5, "hold"), (0.99, "hold"), (1, "retrain"), (5, "retrain")]
)
def test_cooldown(weeks: float, action: str) -> None:
    done = decided(history=(past(0.2), retrained(weeks), retrained(9)))
    assert done.action == action
    if action == "hold":
        assert done.reasons[0].startswith("Drift: ")
        assert "The last retraining was on" in done.reasons[-1]


def test_cooldown_is_a_setting() -> None:
    history = (retrained(3),)
    patient = DecisionSettings(cooldown=Span(1, "month"))
    assert decided(patient, history=history).action == "hold"
    assert decided(DecisionSettings(cooldown=Span(0, "day")), history=history).action == "retrain"


def test_cooldown_does_not_hide_a_quiet_week() -> None:
    assert decided(**QUIET, history=(retrained(0.5),)).action == "none"


LOSERS = tuple(retrained(10 * n, won=False) for n in range(1, 6))


@pytest.mark.parametrize(
    ("history", "held"),
    [
        (LOSERS, "losing_streak"),
        (LOSERS[:4], None),
        ((*LOSERS[:4], retrained(45, won=True), *LOSERS[4:]), None),
        ((*LOSERS[:4], replace(LOSERS[4], by_hand=True)), None),
        ((past(1), *LOSERS, past(60)), "losing_streak"),
    ],
    ids=["five", "four", "broken by a winner", "broken by a person", "among other runs"],
)
def test_stops_after_losing_challengers(history: Any, held: str | None) -> None:
    done = decided(history=history)
    assert (done.action, done.held) == ("hold" if held else "retrain", held)
    if held:
        assert "5 challengers in a row did not win. A person has to step in" in done.reasons[-1]


def test_weekly_cap() -> None:
    often = DecisionSettings(cooldown=Span(0, "day"), most_per_week=2, new_evidence=0)
    runs = (retrained(0.2), retrained(0.9), retrained(1))
    done = decided(often, history=runs)
    assert (done.action, done.held) == ("hold", "weekly_cap")
    assert "2 retrainings in the last seven days" in done.reasons[-1]
    assert decided(often, history=runs[1:]).action == "retrain"


CALENDAR = DecisionSettings(triggers=(PerformanceTrigger(), CalendarTrigger(every=2)))


@pytest.mark.parametrize(
    ("weeks", "left"),
    [
        ((), 3),
        ((4,), 2 + 4 * 0.34),
        ((8,), 3),
        ((3, 4, 5), 1.02 + 0.68),
        ((1, 2, 3, 4), 0.36),
        ((0.5, 1, 1.5, 2), -0.32),
    ],
)
def test_the_budget_grows_with_every_window_up_to_three(weeks: Any, left: float) -> None:
    inputs = evidence(history=tuple(retrained(week, won=True) for week in weeks))
    assert budget_left(inputs, 0.34) == pytest.approx(min(3, left))


def test_the_budget_holds_back_all_but_people() -> None:
    often = DecisionSettings(cooldown=Span(0, "day"), most_per_week=9, new_evidence=0)
    spent = tuple(retrained(week, won=True) for week in (0.5, 1, 1.5, 2))
    done = decided(often, history=spent)
    assert (done.action, done.held) == ("hold", "budget")
    assert "leaves 0.0 retrainings (decision.budget)" in done.reasons[-1]
    assert decided(often, history=spent, manual_reason="Please.").action == "retrain"
    assert decided(often.model_copy(update={"budget": 1.0}), history=spent).action == "retrain"


def worth(value: float, weeks: float, **more: Any) -> Any:
    return past(weeks, value=value, rows=100, **more)


@pytest.mark.parametrize(
    ("history", "lost"),
    [
        ((), 0),
        ((worth(5, 1), worth(6, 2)), 100 * (2 + 1)),
        ((worth(5, 1), replace(retrained(2, won=True), value=7.0), worth(1, 3)), 100 * (3 + 2)),
        ((worth(5, 1), replace(retrained(2, won=True), value=7.0), worth(8, 3)), 100 * (4 + 3)),
        ((worth(5, 1), worth(9, 1.5), worth(6, 2)), 100 * (2 + 1)),
        ((worth(5, 1), retrained(2), worth(1, 3)), 100 * (-3 - 4)),
        ((past(1), replace(retrained(2), value=3.0)), -100),
        (
            (worth(5, 1), replace(retrained(2), value=3.0), replace(retrained(9), value=6.0)),
            100 * (2 + 1),
        ),
    ],
)
def test_what_was_lost_since_the_last_retraining(history: Any, lost: float) -> None:
    """Of 100 rows a week, 4 a row now; windows that share rows count once."""
    seen = performance(rows=100, value=4.0)
    assert lost_since(seen, history, NOW) == pytest.approx(lost)


def test_a_price_is_weighed_against_what_was_lost() -> None:
    priced = DecisionSettings(budget=Price(retrain=250), triggers=(PerformanceTrigger(),))
    history = (worth(5, 1), replace(retrained(2, won=True), value=6.0))
    fell = {**QUIET, "performance": performance("fell", rows=100, value=4.0), "history": history}
    assert decided(priced, **fell).action == "retrain"
    dear = priced.model_copy(update={"budget": Price(retrain=301)})
    done = decided(dear, **fell)
    assert (done.action, done.held) == ("hold", "budget")
    assert (
        "300 was lost, by `value`; it has to come to 301: another one costs 301"
        in (done.reasons[-1])
    )
    in_vain = replace(retrained(2), value=6.0, gained=-1.0), replace(retrained(9), gained=0.1)
    fell["history"] = (worth(5, 1), *in_vain)
    done = decided(priced, **fell)
    assert done.held == "budget"
    assert (
        "has to come to 1000: another one costs 250, and the last challengers" in (done.reasons[-1])
    )
    assert decided(dear, **fell, manual_reason="Please.").action == "retrain"


def test_the_calendar_leaves_one_for_what_is_not_foreseen() -> None:
    """Two weeks after the last of three retrainings 1.02 are left: enough for a loss only."""
    spent = tuple(retrained(weeks, won=True) for weeks in (2, 2.5, 3))
    done = decided(CALENDAR, **QUIET, history=spent)
    assert (done.action, done.held) == ("hold", "budget")
    assert "the last one is kept for what is not foreseen" in done.reasons[-1]
    assert decided(CALENDAR, **{**QUIET, **FELL}, history=spent).action == "retrain"
    assert decided(CALENDAR, **QUIET, history=spent[:1]).action == "retrain"


def test_losers_of_the_calendar_are_no_losing_streak() -> None:
    """A challenger that lost where nothing was wrong is beside a run that found nothing."""
    calm = tuple(past(10 * n) for n in range(1, 6))
    assert decided(history=(*calm, *LOSERS)).held is None
    drifted = tuple(past(10 * n, "drift") for n in range(1, 6))
    assert decided(history=(*drifted, *LOSERS)).held == "losing_streak"


def test_what_has_to_wait() -> None:
    done = decided(blocked_by=("waiting", "Version 3 waits for approval."))
    assert (done.action, done.held) == ("hold", "waiting")
    assert done.reasons[-1] == "Version 3 waits for approval."


def test_a_person_is_held_back_by_no_rule() -> None:
    by_hand = DecisionSettings(triggers=(ManualTrigger(),))
    asked = {"manual_reason": "Please.", "blocked_by": ("waiting", "Wait.")}
    assert decided(by_hand, history=(retrained(0.1), *LOSERS), **asked).action == "retrain"
    assert decided(by_hand, history=(retrained(0.1),)).action == "alert"


def test_quality_holds_back_by_name() -> None:
    assert decided(quality=(check("amount"),)).held == "quality"


START = NOW - WEEK


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ((), START),
        ((past(1, "drift"), past(2, "drift"), past(3)), NOW - 3 * WEEK),
        ((past(1), past(2, "drift")), START),
        ((past(1, "warning"), past(2, "drift")), START),
        ((past(1, "inconclusive"), past(2, "drift"), past(3)), NOW - 3 * WEEK),
        ((past(1, "drift"), retrained(1, won=True), past(2, "drift")), NOW - 2 * WEEK),
        ((retrained(0.5, won=True), past(1, "drift")), START),
        ((past(1, "drift"), retrained(1, won=False), past(2, "drift")), NOW - 3 * WEEK),
    ],
    ids=[
        *("first", "unbroken", "broken by ok", "broken by warning", "not by inconclusive"),
        *("broken by promotion", "just promoted", "not by a lost challenge"),
    ],
)
def test_episode_of_drift(history: Any, since: Any) -> None:
    assert drift_since(START, DRIFT, history) == since


@pytest.mark.parametrize("verdict", [OK, BLIND, Verdict("warning", "moved.")])
def test_no_drift_has_no_beginning(verdict: Verdict) -> None:
    assert drift_since(START, verdict, (past(1, "drift"),)) is None


FELL_FOR = (past(1, performance="fell"), past(2, performance="fell"), past(3, performance="fell"))
"""Performance fell in the windows of four weeks, this one included."""


def again(lost: float, before: tuple[Any, ...] = FELL_FOR, **more: Any) -> Decision:
    """What follows where a challenger lost some weeks ago; the cooldown is over."""
    history = sorted((*before, retrained(lost)), key=lambda run: run.as_of, reverse=True)
    changes: Any = {**QUIET, **FELL, "history": tuple(history), **more}
    return decided(DecisionSettings(cooldown=Span(0, "day")), **changes)


def test_a_challenger_that_lost_forbids_another_until_there_is_new_evidence() -> None:
    """It had labels of three weeks, and a third more are there after four; of two, after three."""
    assert again(2).action == "retrain"
    assert again(1).action == "retrain"
    held = again(0.5)
    assert (held.action, held.held) == ("hold", "no_new_evidence")
    assert "lost" in held.reasons[-1]
    assert "will be enough on" in held.reasons[-1]


def test_new_evidence_may_be_a_share_of_ones_own_or_none() -> None:
    settings = DecisionSettings(cooldown=Span(0, "day"), new_evidence=1)
    history = (FELL_FOR[0], retrained(1), *FELL_FOR[1:])
    changes: Any = {**QUIET, **FELL, "history": history}
    assert decided(settings, **changes).held == "no_new_evidence"
    none = DecisionSettings(cooldown=Span(0, "day"), new_evidence=0)
    assert decided(none, **{**changes, "history": (retrained(0.1), *FELL_FOR)}).action == "retrain"


def test_a_further_loss_is_new_evidence() -> None:
    seen = past(0.5, performance="fell", score=0.9)
    assert again(0.5, (seen, *FELL_FOR)).action == "retrain", "0.8 at best is proven less than 0.9"
    same = past(0.5, performance="fell", score=0.75)
    assert again(0.5, (same, *FELL_FOR)).held == "no_new_evidence"


def test_another_episode_or_a_person_is_not_held() -> None:
    assert again(6, (past(1), past(2), past(7, performance="fell"))).action == "retrain"
    assert again(0.5, manual_reason="Asked.").action == "retrain"
    won: Any = {**QUIET, **FELL, "history": (retrained(0.5, won=True), *FELL_FOR)}
    assert decided(DecisionSettings(cooldown=Span(0, "day")), **won).action == "retrain"


def test_runs_that_could_not_judge_do_not_break_an_episode() -> None:
    blind = past(2, "inconclusive", performance="inconclusive")
    before = (FELL_FOR[0], blind, FELL_FOR[2])
    assert again(0.5, before).held == "no_new_evidence"


def test_a_win_by_little_is_no_end_of_the_trouble() -> None:
    """By precision a challenger wins that is no worse: the episode goes on, and the wait too."""
    settings = DecisionSettings(cooldown=Span(0, "day"))
    for gained, held in ((0.4, "no_new_evidence"), (2.5, None), (None, None)):
        last = replace(retrained(0.5, won=True), gained=gained)
        changes: Any = {**QUIET, **FELL, "history": (last, *FELL_FOR)}
        done = decided(settings, **changes)
        assert done.held == held, gained
        if held:
            assert "won by little" in done.reasons[-1]


def test_a_falling_performance_alerts_and_does_not_retrain() -> None:
    falling = performance("falling", sentence="Performance is falling.")
    decision = decided(**{**QUIET, "performance": falling})
    assert decision.action == "alert"
    assert decision.reasons == (OK.sentence, "No drift.", "Performance is falling.")
    assert decided(performance=falling).action == "retrain", "drift, and it does harm"


def test_a_retraining_by_the_calendar_alone_says_that_nothing_was_wrong() -> None:
    done = decided(CALENDAR, **QUIET)
    assert done.routine
    assert done.reasons[-1] == "By the calendar: nothing is wrong."
    for trouble in (FELL, {"verdict": DRIFT}):
        done = decided(CALENDAR, **{**QUIET, **trouble})
        assert (done.action, done.routine) == ("retrain", False)
        assert "By the calendar: nothing is wrong." not in done.reasons
