"""What is sent next: order, threads, updates, quiet hours and mutes, without sending anything."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.alerts.channels.base import QuietHours
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.delivery_plan import (
    AddPicture,
    PostParent,
    SendPost,
    Target,
    UpdateParent,
    has_work,
    mark_done,
    mark_started,
    next_step,
    prune,
)
from driftloop.alerts.incident import AlertState, Parent
from driftloop.alerts.message import Receipt
from driftloop.alerts.posts import mute
from driftloop.base.distribution import Shape
from tests.driftloop.alerts.messages.message_records import AS_OF, drifted, finding
from tests.driftloop.alerts.test_telling import CALM, FELL, after, later, routing

KEY = "slack:#ml-alerts"
THREADS = Target("payments", SlackChannel(), True, AS_OF)
FLAT = Target("payments", SlackChannel(), False, AS_OF)
SHAPE = Shape("x", (), (0.0, 1.0, 2.0), (0.5, 0.5), (0.1, 0.9))
WEEKS = drifted(), later(drifted(), 1), later(FELL, 2), later(CALM, 3), later(CALM, 4)


def play(state: AlertState, target: Target, most: int = 100) -> tuple[AlertState, list[str]]:
    """Do all there is to do, and say what that was."""
    log: list[str] = []
    while (step := next_step(state, target)) is not None and len(log) < most:
        state = mark_started(state, step, target)
        match step:
            case SendPost():
                log.append(f"{step.post.kind} in {step.thread.ts if step.thread else 'channel'}")
            case _:
                log.append(type(step).__name__)
        state = mark_done(state, step, target, Receipt("C1", str(len(log))))
    return state, log


def test_an_incident_with_threads() -> None:
    state, log = play(after(*WEEKS), THREADS)
    assert log == [
        *("PostParent", "opened in 1", "confirmed in 1", "worsened in 1", "resolved in 1"),
    ]
    assert state.posts == ()
    assert next_step(state, THREADS) is None


def test_an_incident_without_threads() -> None:
    state, log = play(after(*WEEKS), FLAT)
    assert log == [
        *("opened in channel", "confirmed in 1", "worsened in 1", "resolved in 1"),
    ]
    assert next_step(state, FLAT) is None


def test_run_by_run_the_parent_is_updated() -> None:
    logs = []
    state = AlertState()
    from driftloop.alerts.posts import Run, post_run
    from tests.driftloop.alerts.messages.message_records import LINKS

    for record in WEEKS:
        state = post_run(state, Run(record, (), LINKS), routing()).state
        state, log = play(state, THREADS)
        logs.append(log)
    assert logs == [
        ["PostParent", "opened in 1"],
        ["confirmed in 1", "UpdateParent"],
        ["worsened in 1", "UpdateParent"],
        ["UpdateParent"],
        ["resolved in 1", "UpdateParent"],
    ]


def test_a_run_cut_off_after_sending_began_leaves_a_mark() -> None:
    state = after(drifted())
    step = next_step(state, THREADS)
    assert isinstance(step, PostParent)
    cut = mark_started(state, step, THREADS)
    later_on = replace(THREADS, now=AS_OF + timedelta(hours=1))
    again = next_step(cut, later_on)
    assert isinstance(again, PostParent)
    assert again.incident.begun == {KEY: AS_OF}
    assert mark_started(cut, again, later_on) == cut, "the first attempt is what is looked for"
    told = mark_done(cut, again, later_on, Receipt("C1", "1"))
    assert told.incidents[0].begun == {}


def test_a_picture_follows_its_text() -> None:
    found = (replace(finding("x", "moved", 0.9), shape=SHAPE),)
    state = after(drifted(findings=found))
    state, log = play(state, THREADS)
    assert log == ["PostParent", "opened in 1", "AddPicture"]
    assert state.posts == ()
    _, log = play(after(drifted(findings=found)), FLAT)
    assert log == ["opened in channel"]


def test_a_picture_that_fails_holds_up_nothing() -> None:
    found = (replace(finding("x", "moved", 0.9), shape=SHAPE),)
    state = after(drifted(findings=found), later(FELL, 1))
    step = None
    for number in range(2):
        step = next_step(state, THREADS)
        assert step is not None
        state = mark_done(state, step, THREADS, Receipt("C1", str(number)))
    show = next_step(state, THREADS)
    assert isinstance(show, AddPicture)
    following = next_step(state, THREADS, {show.post.key})
    assert isinstance(following, SendPost)
    assert following.post.kind == "worsened"


def test_what_was_told_without_threads_begins_anew_with_them() -> None:
    state, _ = play(after(drifted()), FLAT)
    state = replace(state, posts=after(drifted(), later(FELL, 1)).posts[1:])
    _, log = play(state, THREADS)
    assert log == ["PostParent", "worsened in 1"]


def test_a_muted_model_is_silent_and_then_tells_all() -> None:
    muted = mute(after(*WEEKS), AS_OF + timedelta(days=1), "Ana")
    assert not has_work(muted, THREADS)
    _, log = play(muted, replace(THREADS, now=AS_OF + timedelta(days=1)))
    assert log == ["PostParent", "opened in 1", "confirmed in 1", "worsened in 1", "resolved in 1"]


NIGHT = QuietHours(start=time(22), end=time(7), timezone="Europe/Berlin")


def at(channel: SlackChannel, *moment: int) -> Target:
    return Target("payments", channel, True, datetime(*moment, tzinfo=UTC))  # type: ignore[misc,arg-type]


def test_a_warning_waits_for_the_morning_and_a_page_does_not() -> None:
    channel = SlackChannel(quiet_hours=NIGHT)
    night, morning = at(channel, 2026, 3, 9, 2), at(channel, 2026, 3, 9, 6)
    warning, page = after(drifted()), after(drifted(), later(FELL, 1))
    assert not has_work(warning, night)
    assert isinstance(next_step(warning, morning), PostParent)
    _, log = play(page, night)
    assert log == ["PostParent", "opened in 1", "worsened in 1"]


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ((2026, 3, 9, 20, 59), False),
        ((2026, 3, 9, 21, 0), True),
        ((2026, 3, 9, 5, 59), True),
        ((2026, 3, 9, 6, 0), False),
        ((2026, 7, 6, 5, 0), False),
        ((2026, 7, 6, 4, 59), True),
    ],
    ids=["before", "begins", "lasts", "ends", "ends in summer", "lasts in summer"],
)
def test_quiet_hours_are_local_and_follow_summer_time(moment: Any, held: bool) -> None:
    assert NIGHT.hold("warning", datetime(*moment, tzinfo=UTC)) is held
    assert not NIGHT.hold("page", datetime(*moment, tzinfo=UTC))


def test_quiet_weekends_and_hours_within_a_day() -> None:
    days = QuietHours(start=time(12), end=time(13), weekends=True, unless="warning")
    monday, saturday = datetime(2026, 3, 9, 12, 30, tzinfo=UTC), datetime(2026, 3, 7, 9, tzinfo=UTC)
    assert days.hold("info", monday)
    assert days.hold("info", saturday)
    assert not days.hold("info", monday.replace(hour=13))
    assert not days.hold("warning", saturday)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"timezone": "Europe/Berln"}, "such as Europe/Berlin"),
        ({"start": "07:00", "end": "07:00"}, "both 07:00"),
        ({"start": "25:00"}, "start"),
        ({"from": "22:00"}, "from"),
        ({"start": "22:00+02:00"}, "timezone"),
    ],
)
def test_wrong_quiet_hours(raw: Any, named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        QuietHours.model_validate(raw)


def test_tidy_drops_channels_that_are_gone_and_incidents_that_are_told() -> None:
    twice = after(*WEEKS, *(later(CALM, week) for week in (5, 6)), later(drifted(), 7))
    assert [incident.number for incident in twice.incidents] == [1, 2]
    assert prune(twice, "payments", {KEY}) == twice
    assert prune(twice, "payments", ()).posts == ()
    told, _ = play(twice, THREADS)
    assert [incident.number for incident in prune(told, "payments", {KEY}).incidents] == [2]


def test_tidy_keeps_an_incident_whose_message_is_out_of_date() -> None:
    twice = after(*WEEKS, *(later(CALM, week) for week in (5, 6)), later(drifted(), 7))
    old = replace(twice.incidents[0], parents={KEY: Parent(Receipt("C1", "1"), "other")})
    state = replace(twice.with_incident(old), posts=())
    assert [incident.number for incident in prune(state, "payments", {KEY}).incidents] == [1, 2]
    step = next_step(state, THREADS)
    assert isinstance(step, UpdateParent)
    assert step.incident.number == 1
