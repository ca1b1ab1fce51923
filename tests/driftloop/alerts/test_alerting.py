from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.alerts.blocks import line, section
from driftloop.alerts.incident import AlertState, Cause, IncidentSummary
from driftloop.alerts.lifecycle import (
    AlertSettings,
    RunHealth,
    Transition,
    advance,
    newly_stuck,
    run_health,
)
from driftloop.base.findings import EstimatedPerformance, Promise, Verdict
from driftloop.base.periods import Window
from driftloop.base.records import Decision, MonitorRecord
from driftloop.base.scores import PooledScore, Score
from driftloop.base.serialize import to_plain
from tests.driftloop.cases import BLIND, DRIFT, NOW, OK, WEEK, WINDOW, check, past, performance

SETTINGS = AlertSettings()
CARD = IncidentSummary(
    "inputs drifted",
    (section("1 of 2 inputs drifted"),),
    "Changed nothing.",
    line("Nothing tonight."),
)
LETTERS: dict[str, frozenset[Cause]] = {
    ".": frozenset(),
    "d": frozenset({"drift"}),
    "p": frozenset({"performance"}),
    "f": frozenset({"falling"}),
    "q": frozenset({"quality"}),
    "b": frozenset({"drift", "performance"}),
}


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


def health(week: int, what: str, **more: Any) -> RunHealth:
    """A run of a week: ``?`` could not judge, the other letters say what was wrong."""
    at = NOW + week * WEEK
    causes, judged = LETTERS.get(what, frozenset()), what != "?"
    return replace(RunHealth(at, at - WEEK, causes, "7", judged, None, None, margin=0.05), **more)


def seen(story: str | Sequence[RunHealth], settings: AlertSettings = SETTINGS) -> list[Transition]:
    """What each run of a story changed."""
    state, turns = AlertState(), []
    for week, one in enumerate(story):
        now = one if isinstance(one, RunHealth) else health(week, one)
        turns.append(advance(state, now, CARD, settings))
        state = turns[-1].state
    return turns


def told(story: str | Sequence[RunHealth], **settings: Any) -> str:
    """The first letters of what each run told: Opened, Worsened, Confirmed, Resolved, reopened."""
    names = {"reopened": "B"}
    found = seen(story, AlertSettings(**settings))
    return "".join(
        "".join(names.get(kind, kind[0].upper()) for kind in one.kinds) or "." for one in found
    )


def test_causes() -> None:
    assert run_health(record()).causes == frozenset()
    assert run_health(record(DRIFT, True, True)).causes == {"quality", "performance", "drift"}
    assert run_health(record(BLIND, fell=True)).causes == {"performance"}


def test_sight() -> None:
    assert run_health(record(BLIND)).judged is False
    assert run_health(record(BLIND, broken=True)).judged is True
    assert run_health(record(Verdict("warning", "moved."))).judged is True
    fell = run_health(record(fell=True))
    assert (fell.score, fell.proven_until) == (0.7, None)
    assert (run_health(record()).score, run_health(record()).proven_until) == (None, NOW)


@pytest.mark.parametrize(
    ("story", "events"),
    [
        ("....", "...."),
        ("..dd", "..OC"),
        ("..dddddd", "..OC...."),
        ("dd..", "OC.R"),
        ("dd.....", "OC.R..."),
        ("d.d.d.d.", "O.C....."),
        ("ddpp", "OCW."),
        ("ddbb", "OCW."),
        ("dqdq", "OW.."),
        ("qq..", "OC.R"),
        ("d..d", "O.RB"),
        ("d...d", "O.R.B"),
        ("d....d", "O.R..O"),
        ("d..d...", "O.RB..."),
        ("d..d....", "O.RB...R"),
        ("d..q", "O.RO"),
        ("d..b", "O.RB"),
    ],
    ids=[
        *("healthy", "opens", "repeats are silent", "resolves", "stays silent", "flaps"),
        *("new cause", "joining cause", "cause told before", "broken data", "comes back at once"),
        *("comes back soon", "comes back later", "closes slower", "closes after twice as many"),
        *("other trouble", "the same trouble and other"),
    ],
)
def test_what_is_told(story: str, events: str) -> None:
    assert told(story) == events


@pytest.mark.parametrize(
    ("story", "events"),
    [("??", ".."), ("???", "..O"), ("????", "..OC"), ("??.???", ".....O"), ("???..", "..O.R")],
)
def test_blind_runs_are_told_after_so_many_in_a_row(story: str, events: str) -> None:
    assert told(story) == events


def test_blindness_lasts_since_the_first_window_that_could_not_be_judged() -> None:
    found = seen("..???")[-1].state.newest
    assert found is not None
    assert found.since == NOW + WEEK
    later_on = seen("?.d")[-1].state.newest
    assert later_on is not None
    assert later_on.since == NOW + WEEK


def test_blind_run_neither_resolves_nor_repeats_trouble() -> None:
    assert told("d?.") == "O.."
    assert told("d?.?.") == "O...R"
    assert told("d??d") == "O..C"
    assert told("dd???") == "OC..W"
    assert told("?", blind_after=1) == "O"


def test_closing_and_reopening_are_settings() -> None:
    assert told("d.", close_after=1) == "OR"
    assert told("d....", close_after=4) == "O...R"
    assert told("d.d", close_after=1, reopen_within=0) == "ORO"
    assert told("d.d", close_after=1, reopen_within=1) == "ORB"


def test_how_long_it_takes_to_close_is_bounded() -> None:
    story = "d" + "..d" * 1 + "....d" + "........d"
    last = seen(story)[-1].state.newest
    assert last is not None
    assert last.needed == 8
    assert told(story + "........")[-1] == "R"


def test_worse_score_is_told_when_it_fell_by_the_margin_since_it_was_told() -> None:
    scores = [0.70, 0.68, 0.66, 0.64, 0.66, 0.60, 0.58]
    story = [health(week, "p", score=score) for week, score in enumerate(scores)]
    assert told(story) == "OC.W..W"
    assert seen(story)[3].why == "Performance fell by another 0.06."


def test_trouble_that_goes_on_under_a_new_champion_is_news_once() -> None:
    story = [
        health(0, "d"),
        health(1, "d"),
        health(2, "d", champion="8"),
        health(3, "d", champion="8"),
    ]
    assert told(story) == "OCW."
    assert seen(story)[2].why == "It goes on under version 8."


def test_drift_of_other_features_is_news() -> None:
    names = "ab", "ab", "abc", "cde", "ab", "xab", "xyab"
    story = [health(week, "d", features=frozenset(name)) for week, name in enumerate(names)]
    turns = seen(story)
    assert [one.kinds for one in turns] == [
        *(("opened",), ("confirmed",), (), ("worsened",), (), (), ()),
    ]
    assert turns[3].why == "Other features drift now: d, e."
    last = turns[-1].state.newest
    assert last is not None
    assert "".join(last.features) == "abcdexy"


def test_severity_comes_from_the_evidence() -> None:
    def level(what: str, **more: Any) -> str:
        found = seen([health(0, what, **more)])[0].state.newest
        assert found is not None
        return found.severity

    assert level("p") == level("q") == level("b") == "page"
    assert level("d") == level("f") == "warning"
    assert level("f", proven_until=NOW) == "warning"
    assert level("d", proven_until=NOW - WEEK) == "warning"
    assert level("d", proven_until=NOW) == "info"
    assert level("b", proven_until=NOW) == "page"


def test_severity_falls_silently_and_the_gravest_is_kept() -> None:
    turns = seen([health(0, "d"), health(1, "d"), health(2, "d", proven_until=NOW + WEEK)])
    last = turns[-1].state.newest
    assert last is not None
    assert (last.severity, last.peak_severity, turns[-1].kinds) == ("info", "warning", ())


def test_drift_that_turns_out_to_do_harm_after_all_is_told() -> None:
    story = [health(0, "d", proven_until=NOW), health(1, "d"), health(2, "d")]
    assert told(story) == "OW."


def test_run_that_looks_from_before_changes_nothing() -> None:
    state = seen("..d")[-1].state
    for what in ".dp?":
        assert advance(state, health(1, what), CARD, SETTINGS) == Transition(state)


def test_since_when_and_how_often() -> None:
    found = seen("..dd.d")[-1].state.newest
    assert found is not None
    assert (found.number, found.opened_at) == (1, NOW + 2 * WEEK)
    assert found.since == NOW + 4 * WEEK, "a healthy run was between"
    assert seen("..dd?d")[-1].state.newest.since == NOW + WEEK  # type: ignore[union-attr]
    assert (found.runs, found.quiet, found.last) == (3, 0, NOW + 5 * WEEK)
    second = seen("d......d")[-1].state.newest
    assert second is not None
    assert second.number == 2


def test_each_cause_has_its_own_beginning() -> None:
    """Labels are of an earlier window; drift can be older than the first run that sees it."""
    scored, old = NOW - 3 * WEEK, NOW - 9 * WEEK
    first = health(0, "d", sinces={"drift": old})
    both = health(1, "b", sinces={"drift": old, "performance": scored})
    found = seen([first, both])[-1].state.newest
    assert found is not None
    assert found.sinces == {"drift": old, "performance": scored}
    assert found.since == old
    over = health(2, "p", sinces={"performance": scored + WEEK})
    found = seen([first, both, over])[-1].state.newest
    assert found is not None
    assert found.sinces == {"performance": scored}


def test_other_trouble_after_a_healthy_run_is_another_incident() -> None:
    turns = seen("d.q")
    assert turns[-1].kinds == ("resolved", "opened")
    season, feed = turns[-1].state.incidents
    assert (season.number, season.since, season.resolved_at) == (1, NOW - WEEK, NOW + WEEK)
    assert (feed.number, feed.since, feed.opened_at) == (2, NOW + WEEK, NOW + 2 * WEEK)
    assert seen("dq")[-1].kinds == ("worsened",), "nothing was healthy between"
    same, other = (
        seen([health(0, "d", features=frozenset({"a", "b"})), health(1, "."),
              health(2, "d", features=frozenset(names))])[-1].kinds
        for names in ("ab", "cd")
    )  # fmt: skip
    assert (same, other) == (("confirmed",), ("resolved", "opened"))


def test_a_loss_by_labels_began_in_the_window_that_was_scored() -> None:
    scored = replace(performance("fell"), window=Window(NOW - 3 * WEEK, NOW - 2 * WEEK))
    found = run_health(replace(record(), performance=scored))
    assert found.began() == {"performance": NOW - 3 * WEEK}


STORIES = st.text("..dpqb?", min_size=1, max_size=30)


@given(STORIES)
def test_the_same_run_again_tells_nothing_and_changes_nothing(story: str) -> None:
    state = AlertState()
    for week, what in enumerate(story):
        state = advance(state, health(week, what), CARD, SETTINGS).state
        again = advance(state, health(week, what), CARD, SETTINGS)
        assert again == Transition(state)


@given(STORIES)
def test_an_incident_opens_once_and_closes_at_most_once_before_it_opens_anew(story: str) -> None:
    events = [kind for one in seen(story) for kind in one.kinds]
    edges = [kind for kind in events if kind in ("opened", "reopened", "resolved")]
    assert all(kind == "resolved" for kind in edges[1::2])
    assert all(kind != "resolved" for kind in edges[::2])
    assert ("opened" in edges) == (bool(set(story) & set("dpqb")) or "???" in story)


@given(STORIES)
def test_state_is_stored_whole(story: str) -> None:
    state = seen(story)[-1].state
    assert AlertState.from_dict(to_plain(state)) == state


STUCK = Decision("hold", ("5 challengers in a row did not win.",), held="losing_streak")
HELD = {"action": "hold", "held": "losing_streak"}


@pytest.mark.parametrize(
    ("history", "new"),
    [
        ((past(1),), True),
        ((past(1, **HELD), past(2)), False),
        ((past(1), past(2, **HELD)), False),
        ((past(1, action="hold", held="cooldown"), past(2, **HELD)), True),
        ((past(1, action="retrain"), past(2, **HELD)), True),
    ],
    ids=["first", "told", "told before a quiet run", "after a cooldown", "after it had gone on"],
)
def test_stuck_is_told_once(history: Any, new: bool) -> None:
    assert newly_stuck(replace(record(), decision=STUCK), history) is new


def test_another_rule_that_holds_back_is_not_stuck() -> None:
    cooling = replace(record(), decision=Decision("hold", ("Soon.",), held="cooldown"))
    assert not newly_stuck(cooling, (past(1),))


def test_a_falling_performance_warns_worsens_and_closes_on_proof_alone() -> None:
    assert told("ff.p..") == "OC.W.R"
    assert told([health(0, "f"), *(health(week, ".", below=True) for week in (1, 2, 3))]) == "O..."
    falling = replace(record(), performance=performance("falling", margin=0.03))
    found = run_health(falling)
    assert (found.causes, found.score, found.margin) == ({"falling"}, 0.7, 0.03)


def test_weeks_without_a_score_prove_no_recovery() -> None:
    blind = replace(record(), performance=performance("inconclusive", score=None))
    assert run_health(blind).below
    assert not run_health(replace(record(), performance=performance("unclear"))).below


@pytest.mark.parametrize(
    ("change", "doubtful"),
    [
        ({}, True),
        ({"score": 0.77, "low": 0.6, "pooled": None}, False),  # above its limit
        ({"pooled": PooledScore(1, 90, 0.6, 0.05, 0.2)}, False),  # no rare chance
        ({"pooled": PooledScore(1, 90, 0.6, 0.05, 0.2), "low": 0.5}, True),  # may be guessing
        ({"status": "ok"}, False),
    ],
)
def test_a_low_score_is_told_before_a_loss_is_proven(change: Any, doubtful: bool) -> None:
    rare = PooledScore(1, 90, 0.6, 0.05, 0.04)
    made = performance("unclear", score=0.6, low=0.52, limit=0.76, guessing=0.5, pooled=rare)
    assert replace(made, **change).doubtful is doubtful


def test_harm_decides_what_drift_is_worth() -> None:
    """Moved and harmless informs, with an estimated loss it warns, and a broken promise pages."""
    estimate = EstimatedPerformance(
        "f1", "reweighted", WINDOW, 9, 0.8, 0.7, 0.9, 0.0, "ok", "Fine."
    )
    broken = Promise("broken", Score("f1", -0.2, -0.3, -0.1, 9), 0.8, 0.6, 1, 1e-9, "Broken.")

    def level(realised: Any = None, **more: Any) -> str:
        drifted = replace(record(DRIFT), performance=realised or performance("unclear"), **more)
        found = seen([run_health(drifted)])[0].state.newest
        assert found is not None
        return found.severity

    assert level() == "warning"
    assert level(estimate=estimate) == "info"
    assert level(estimate=replace(estimate, status="lost")) == "warning"
    assert level(estimate=replace(estimate, status="unclear")) == "warning"
    assert level(performance("unclear", limit=0.75), estimate=estimate) == "warning", "0.7 is below"
    assert level(performance("falling"), estimate=estimate) == "warning"
    assert level(performance("ok", promise=broken), estimate=estimate) == "page"


def test_data_that_break_in_more_places_are_news() -> None:
    columns = "a", "a", "ab", "b", "abc"
    story = [health(week, "q", broken=frozenset(names)) for week, names in enumerate(columns)]
    turns = seen(story)
    assert [one.kinds for one in turns] == [
        *(("opened",), ("confirmed",), ("worsened",), (), ("worsened",)),
    ]
    assert [turns[2].why, turns[4].why] == [
        *("Data checks fail on more: b.", "Data checks fail on more: c."),
    ]


def test_an_incident_that_does_not_say_what_was_broken_does_not_page_again() -> None:
    assert told([health(0, "q"), health(1, "q", broken=frozenset("a"))]) == "OC"


def test_what_is_broken_is_a_column_or_a_check_of_all_rows() -> None:
    assert run_health(record(broken=True)).broken == {"amount"}
    assert run_health(record()).broken == frozenset()
