from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.contacts import Contacts
from driftloop.alerts.incident import KEPT_POSTS, Acknowledgement, AlertState
from driftloop.alerts.lifecycle import AlertSettings
from driftloop.alerts.message import Links
from driftloop.alerts.messages.retraining import retrain_message
from driftloop.alerts.posts import Routing, Run, acknowledge, level_of, mute, post_message, post_run
from driftloop.base.distribution import Shape
from driftloop.base.errors import AlertError
from driftloop.base.findings import Verdict
from driftloop.base.records import Decision, MonitorRecord, TrialOutcome
from driftloop.base.serialize import to_plain
from driftloop.base.tags import PastRun
from tests.driftloop.alerts.messages.message_records import (
    AS_OF,
    LINKS,
    check,
    drifted,
    finding,
    monitor,
    performance,
    retrain,
)
from tests.driftloop.cases import WEEK

SLACK, PAGER, CONSOLE = "slack:#ml-alerts", "pagerduty:default", "console"
FELL = drifted(performance=performance("fell"))
CALM = monitor()


def routing(*channels: Any) -> Routing:
    return Routing(AlertSettings(channels=channels or (SlackChannel(),)), AS_OF)


def later(record: MonitorRecord, weeks: int, **more: Any) -> MonitorRecord:
    return replace(record, as_of=record.as_of + weeks * WEEK, **more)


def after(
    *records: MonitorRecord, to: Routing | None = None, history: tuple[PastRun, ...] = ()
) -> AlertState:
    state = AlertState()
    for record in records:
        state = post_run(state, Run(record, history, LINKS), to or routing()).state
    return state


def kinds(state: AlertState) -> list[str]:
    return [post.kind for post in state.posts]


def test_a_healthy_run_writes_nothing() -> None:
    state = after(CALM, later(CALM, 1))
    assert (state.posts, state.keys, state.incidents) == ((), (), ())


def test_owners_and_runbook_stand_in_the_message() -> None:
    contacts = Contacts(model="Churn <team>", data="Data platform", runbook="https://wiki/x")
    to = Routing(AlertSettings(contacts=contacts), AS_OF)
    broken = drifted(quality=(check("amount", "amount: 85 % missing."),))
    incident = after(broken, to=to).open
    assert incident is not None
    assert incident.summary.small_print[-2:] == ("model: Churn <team>", "data: Data platform")
    assert incident.summary.next_step.plain.startswith("Tell Data platform (data feed) now")
    with pytest.raises(ValidationError, match="runbook"):
        Contacts(runbook="wiki/x")


def test_the_story_of_an_incident_is_written_in_order() -> None:
    weeks = (drifted(), later(drifted(), 1), later(FELL, 2), later(CALM, 3), later(CALM, 4))
    state = after(*weeks)
    assert kinds(state) == ["opened", "confirmed", "worsened", "resolved"]
    assert [post.loud for post in state.posts] == [False, False, True, False]
    assert {post.incident for post in state.posts} == {1}
    assert state.open is None
    assert [one.number for one in state.past] == [1]


def test_keys_are_one_a_post_and_the_same_again() -> None:
    weeks = (drifted(), later(drifted(), 1), later(FELL, 2))
    state = after(*weeks)
    assert len({post.key for post in state.posts}) == len(state.posts)
    assert after(*weeks) == state


def test_the_same_run_again_writes_nothing() -> None:
    starts = drifted(decision=Decision("retrain", ("Drift.",)))
    once = after(starts)
    assert kinds(once) == ["opened", "started"]
    assert post_run(once, Run(starts, (), LINKS), routing()).state == once


def test_a_retraining_that_starts_is_told_in_the_thread() -> None:
    weeks = drifted(), later(drifted(decision=Decision("retrain", ("Drift.",))), 1)
    assert kinds(after(*weeks)) == ["opened", "confirmed", "started"]
    alone = monitor(decision=Decision("retrain", ("The model is old.",)))
    assert kinds(after(alone)) == []
    rehearsed = drifted(decision=Decision("retrain", ("Drift.",)), dry_run=True)
    assert kinds(after(rehearsed)) == ["opened"]


def test_what_happens_during_an_incident_goes_to_its_thread() -> None:
    state = after(drifted())
    state = post_message(state, retrain_message(retrain(), Links()), routing(), loud=True)
    assert (state.posts[-1].incident, state.posts[-1].kind) == (1, "retrained")
    alone = post_message(AlertState(), retrain_message(retrain(), Links()), routing(), loud=True)
    assert alone.posts[-1].incident is None


def test_the_parent_says_what_was_done() -> None:
    state = after(drifted())
    assert state.open is not None
    summary = replace(state.open.summary, action="Retrained.")
    state = post_message(state, retrain_message(retrain(), Links()), routing(), summary=summary)
    assert state.open is not None
    assert state.open.summary.action == "Retrained."


def test_trials_are_told_unless_all_goes_well() -> None:
    trial = TrialOutcome("probation", "8", "7", "worse", "rolled_back", 2, 4, -0.1, "It lost.")
    quiet = [replace(trial, action=action) for action in ("none", "passed")]
    assert kinds(after(monitor(trials=(trial, *quiet)))) == ["observed"]


def test_the_parent_says_that_a_version_was_rolled_back() -> None:
    trial = TrialOutcome("probation", "8", "7", "worse", "rolled_back", 2, 4, -0.1, "It lost.")
    state = after(drifted(trials=(trial,)))
    assert kinds(state) == ["opened", "observed"]
    assert state.open is not None
    done = "Version 7 is live again in place of version 8. It lost."
    assert state.open.summary.action == done
    dropped = after(drifted(trials=(replace(trial, action="dropped"),)))
    assert dropped.open is not None
    headline = "inputs drifted, version 8 left its shadow unpromoted"
    before = after(drifted()).open
    assert before is not None
    assert dropped.open.summary == replace(before.summary, headline=headline)


def test_stuck_is_told_unless_the_opening_says_so() -> None:
    stuck = Decision("hold", ("5 challengers did not win.",), held="losing_streak")
    assert kinds(after(monitor(decision=stuck))) == ["stuck"]
    assert kinds(after(drifted(decision=stuck))) == ["opened"]
    assert kinds(after(drifted(), later(drifted(decision=stuck), 1))) == [
        "opened",
        "confirmed",
        "stuck",
    ]


def test_blind_after_three_runs() -> None:
    blind = monitor(
        verdict=Verdict("inconclusive", "The window has no rows."),
        performance=performance("inconclusive"),
    )
    state = after(blind, later(blind, 1), later(blind, 2))
    assert kinds(state) == ["opened"]
    assert "blind" in state.posts[0].message.text
    assert state.open is not None
    assert state.open.severity == "warning"
    assert "The last 3 runs in a row" in state.open.summary.causes[0].lead
    again = post_run(state, Run(later(blind, 2), (), LINKS), routing())
    assert again.state == state, "the same run again is not a fourth one"


def test_a_channel_is_told_from_its_severity_on() -> None:
    to = routing(SlackChannel(), PagerDutyChannel(), ConsoleChannel(at_least="page"))
    state = after(drifted(), later(FELL, 1), later(CALM, 2), later(CALM, 3), to=to)
    assert [post.waiting for post in state.posts] == [
        (SLACK,),
        (SLACK, PAGER, CONSOLE),
        (SLACK, PAGER, CONSOLE),
    ]


def test_harmless_drift_informs() -> None:
    held = replace(performance("ok"), window=replace(performance().window, end=AS_OF + WEEK))
    to = routing(SlackChannel(at_least="warning"), ConsoleChannel())
    state = after(drifted(performance=held), to=to)
    assert [(post.level, post.waiting) for post in state.posts] == [("info", (CONSOLE,))]


def test_nobody_to_tell_leaves_nothing_to_send() -> None:
    state = after(FELL, to=routing(SlackChannel(at_least="page"), ConsoleChannel()))
    assert state.posts[0].waiting == (SLACK, CONSOLE)
    silent = Routing(AlertSettings().model_copy(update={"channels": ()}), AS_OF)
    state = after(FELL, to=silent)
    assert (state.posts, state.open is not None) == ((), True)


def test_good_news_counts_as_information() -> None:
    assert level_of(retrain_message(retrain(), Links())) == "info"


def test_the_three_worst_features_are_drawn() -> None:
    shape = Shape("x", (), (0.0, 1.0, 2.0), (0.5, 0.5), (0.1, 0.9))
    found = tuple(
        replace(finding(f"f{n}", "moved", effect), shape=replace(shape, name=f"f{n}"))
        for n, effect in enumerate((0.2, 0.9, 0.4, 0.6))
    )
    state = after(drifted(findings=found))
    assert [shape.name for shape in state.posts[0].shapes] == ["f1", "f3", "f2"]
    assert after(drifted()).posts[0].shapes == ()


def test_acknowledging() -> None:
    by = Acknowledgement("Ana", AS_OF + timedelta(hours=1), "Looking.")
    state = acknowledge(after(drifted()), "payments", by, routing())
    assert state.open is not None
    assert state.open.acknowledged == by
    assert kinds(state) == ["opened", "acknowledged"]
    assert acknowledge(state, "payments", by, routing()).keys == state.keys


@pytest.mark.parametrize("state", [AlertState(), after(drifted(), later(CALM, 1), later(CALM, 2))])
def test_acknowledging_nothing(state: AlertState) -> None:
    by = Acknowledgement("Ana", AS_OF)
    with pytest.raises(AlertError, match="payments has no open incident"):
        acknowledge(state, "payments", by, routing())


def test_trouble_that_comes_back_has_to_be_acknowledged_anew() -> None:
    by = Acknowledgement("Ana", AS_OF)
    state = acknowledge(after(drifted()), "payments", by, routing())
    for record in (later(CALM, 1), later(CALM, 2), later(drifted(), 3)):
        state = post_run(state, Run(record, (), LINKS), routing()).state
    assert state.open is not None
    assert (state.open.number, state.open.acknowledged, state.past) == (1, None, ())


def test_muting() -> None:
    state = mute(AlertState(), AS_OF, "Ana")
    assert (state.muted_until, state.muted_by) == (AS_OF, "Ana")
    assert mute(state, None, "Ana") == AlertState()


def test_the_state_is_stored_whole() -> None:
    to = routing(SlackChannel(), PagerDutyChannel())
    state = after(drifted(), later(FELL, 1), later(CALM, 2), later(CALM, 3), to=to)
    assert AlertState.from_dict(to_plain(state)) == state


def test_of_what_waits_for_a_broken_channel_the_newest_is_kept() -> None:
    state = after(drifted())
    (opened,) = state.posts
    for number in range(KEPT_POSTS):
        state = state.write(replace(opened, key=f"key-{number}"))
    assert [post.key for post in state.posts] == [f"key-{number}" for number in range(KEPT_POSTS)]
    assert state.write(opened) == state, "what gave way is not written anew"
