"""Delivery against a real Slack peer: complete, in order, each message once, whatever happens."""

import io
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from peers.http_peer import Fault
from peers.slack import SlackPeer, Told
from rich.console import Console

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.incident import AlertState
from driftloop.alerts.posts import Run, mute, post_run
from driftloop.base.distribution import Shape
from driftloop.base.errors import UnavailableError
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from tasks.alerts.deliver import Delivery, deliver
from tasks.alerts.senders import base
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.documents import open_documents
from tasks.runtime import clock
from tests.driftloop.alerts.messages.message_records import AS_OF, LINKS, drifted, finding
from tests.driftloop.alerts.test_telling import CALM, FELL, later, routing

SLACK, CONSOLE = SlackChannel(), ConsoleChannel()
SHAPE = Shape("x", (), (0.0, 1.0, 2.0), (0.5, 0.5), (0.1, 0.9))
STORY = drifted(), later(drifted(), 1), later(FELL, 2), later(CALM, 3), later(CALM, 4)
WHOLE = ["opened", "confirmed", "worsened", "resolved"]


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackPeer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with SlackPeer() as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        monkeypatch.setenv("SLACK_BOT_TOKEN", running.token)
        monkeypatch.setattr(base, "PAUSE", 0.01)
        monkeypatch.setattr(base, "TIMEOUT", 0.3)
        yield running


@pytest.fixture
def place(
    tmp_path: Path, empty_registry: Path, monkeypatch: pytest.MonkeyPatch, no_server: None
) -> Workspace:
    """A workspace without a Prefect server, in the week of the records."""
    shutil.copytree(empty_registry, tmp_path / empty_registry.name)
    monkeypatch.setattr(clock, "now", lambda: AS_OF)
    return Workspace(tmp_path)


def write(place: Workspace, *records: MonitorRecord, channels: tuple[Any, ...] = (SLACK,)) -> None:
    """Let runs write what they have to tell, without sending it."""
    for record in records:
        change_alerts(
            open_documents(place),
            "payments",
            lambda old, record=record: (
                post_run(  # type: ignore[misc]
                    old, Run(record, (), LINKS), routing(*channels)
                ).state
            ),
        )


def send(place: Workspace, *channels: Channel, console: Console | None = None) -> Delivery:
    return deliver(place, "payments", channels or (SLACK,), console)


def alerts(place: Workspace) -> AlertState:
    return read_alerts(open_documents(place), "payments")


def kinds(told: Told) -> list[str]:
    """What the replies of a thread are about, by their keys."""
    return [(reply.key or "").rsplit("/", 1)[-1] for reply in told.replies]


def only(peer: SlackPeer) -> Told:
    (told,) = peer.story()
    return told


def test_a_story_told_run_by_run(place: Workspace, peer: SlackPeer) -> None:
    parents = []
    for record in STORY:
        write(place, record)
        assert send(place).error is None
        parents.append(str(only(peer).blocks))
    assert kinds(only(peer)) == WHOLE
    assert len(peer.posts) == 5
    assert len(set(parents)) == 5, "the parent says what is true now"
    assert "back to normal" in only(peer).text
    assert alerts(place).posts == ()


def test_a_story_told_at_once(place: Workspace, peer: SlackPeer) -> None:
    write(place, *STORY)
    found = send(place)
    assert (len(found.sent), found.failed, found.error) == (4, (), None)
    assert kinds(only(peer)) == WHOLE
    assert send(place) == Delivery()
    assert len(peer.posts) == 5


def test_only_worsening_is_shown_outside_the_thread(place: Workspace, peer: SlackPeer) -> None:
    write(place, *STORY)
    send(place)
    shown = [(post.key or "").rsplit("/", 1)[-1] for post in peer.posts if post.broadcast]
    assert shown == ["worsened"]


FAULTS: list[Fault] = [
    *("rate_limit", "error", "reset", "slow", "cut"),
    *("error_after_accepting", "reset_after_accepting", "slow_after_accepting"),
]
METHODS = "chat.postMessage", "chat.update", "conversations.replies", "conversations.history"


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.parametrize("times", [1, 20], ids=["once", "all the time"])
@pytest.mark.parametrize("fault", FAULTS)
def test_after_an_outage_the_story_is_whole_in_order_and_without_a_double(
    place: Workspace, peer: SlackPeer, fault: Fault, times: int, method: str
) -> None:
    seconds = {"rate_limit": 60 if times > 1 else 0}.get(fault, 0.6 if "slow" in fault else 0)
    for record in STORY:
        write(place, record)
        if record is STORY[2]:
            peer.misbehave(fault, times, seconds, only=method)
        failed = send(place).error is not None
        if fault == "slow":  # what was not answered in time arrives before the next run
            peer.wait(seconds)
        assert not (failed and times == 1 and fault in ("rate_limit", "error_after_accepting"))
    peer.recover()
    assert send(place).error is None
    assert kinds(only(peer)) == WHOLE
    assert "back to normal" in only(peer).text
    assert len(peer.posts) == 5
    assert send(place) == Delivery()


def test_a_refused_connection(place: Workspace, peer: SlackPeer) -> None:
    write(place, *STORY[:2])
    with peer.refusing():
        found = send(place)
        assert found.failed == tuple(post.key for post in alerts(place).posts)
        assert found.error is not None
        assert "Slack" in found.error
    write(place, *STORY[2:])
    assert send(place).error is None
    assert kinds(only(peer)) == WHOLE
    assert len(peer.posts) == 5


@pytest.mark.parametrize(
    ("trouble", "named"),
    [
        ({"token": "xoxb-another"}, "invalid_auth"),
        ({"channels": ("#other",)}, "channel_not_found"),
        ({"channels": (), "archived": ("#ml-alerts",)}, "is_archived"),
        ({"channels": (), "not_joined": ("#ml-alerts",)}, "not_in_channel"),
        ({"scopes": ()}, "missing_scope"),
    ],
    ids=["wrong token", "no such channel", "archived", "not in it", "scope"],
)
def test_what_slack_refuses_is_kept_and_named(
    place: Workspace, peer: SlackPeer, trouble: Any, named: str
) -> None:
    good = {name: getattr(peer, name) for name in ("token", "channels", "archived", "scopes")}
    for name, value in trouble.items():
        setattr(peer, name, value)
    write(place, *STORY[:3])
    found = send(place)
    assert found.error is not None
    assert named in found.error
    assert good["token"] not in found.error
    assert len(found.failed) == 3
    for name, value in good.items():
        setattr(peer, name, value)
    peer.not_joined = ()
    write(place, *STORY[3:])
    assert send(place).error is None
    assert kinds(only(peer)) == WHOLE


@contextmanager
def killed_after(monkeypatch: pytest.MonkeyPatch, writes: int) -> Iterator[None]:
    """End the process, as it were, at a write of the alerts: nothing after it is stored."""
    from tasks.alerts import deliver as delivery

    real, count = delivery.change_alerts, 0

    def change(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count > writes:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "change_alerts", change)
        yield


@pytest.mark.parametrize("writes", range(11))
def test_a_run_that_is_killed_at_any_write_loses_and_doubles_nothing(
    place: Workspace, peer: SlackPeer, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    write(place, *STORY)
    with killed_after(monkeypatch, writes), pytest.raises(KeyboardInterrupt):
        send(place)
    assert send(place).error is None
    assert kinds(only(peer)) == WHOLE
    assert len(peer.posts) == 5


def test_a_broken_channel_holds_up_only_itself(place: Workspace, peer: SlackPeer) -> None:
    peer.token = "xoxb-another"
    screen = Console(file=io.StringIO(), width=100)
    write(place, *STORY[:3], channels=(SLACK, CONSOLE))
    found = send(place, SLACK, CONSOLE, console=screen)
    assert (found.sent, len(found.failed)) == ((), 3)
    drawn = screen.file.getvalue()  # type: ignore[attr-defined]
    assert drawn.count("predictions got worse") >= 1
    assert {post.waiting for post in alerts(place).posts} == {(SLACK.key,)}


def test_a_channel_without_its_secret_keeps_what_it_has(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAGERDUTY_ROUTING_KEY", raising=False)
    pager = PagerDutyChannel()
    write(place, FELL, channels=(pager,))
    found = send(place, pager)
    assert found.error is not None
    assert "PAGERDUTY_ROUTING_KEY" in found.error
    assert len(alerts(place).posts) == 1


def test_a_channel_that_is_not_configured_any_more_gets_nothing(
    place: Workspace, peer: SlackPeer
) -> None:
    write(place, *STORY[:1], channels=(SLACK, SlackChannel(channel="#gone")))
    assert send(place).error is None
    assert alerts(place).posts == ()
    assert len(peer.posts) == 2


def test_muted_then_told(
    place: Workspace, peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = AS_OF + timedelta(days=2)
    change_alerts(open_documents(place), "payments", lambda old: mute(old, until, "Ana"))
    write(place, *STORY)
    assert send(place) == Delivery(held=4)
    assert peer.posts == []
    monkeypatch.setattr(clock, "now", lambda: until)
    assert len(send(place).sent) == 4
    assert kinds(only(peer)) == WHOLE


def with_picture(record: MonitorRecord) -> MonitorRecord:
    return replace(record, findings=(replace(finding("x", "moved", 0.9), shape=SHAPE),))


def test_a_picture_is_in_the_thread(place: Workspace, peer: SlackPeer) -> None:
    write(place, with_picture(STORY[0]))
    assert send(place).error is None
    assert len(only(peer).files) == 1
    (file,) = peer.files
    assert file.content is not None
    assert file.content.startswith(b"\x89PNG")
    assert file.alt is not None


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_a_picture_that_fails_comes_later_and_the_story_goes_on(
    place: Workspace, peer: SlackPeer, method: str
) -> None:
    peer.misbehave("error", 20, only=method)
    write(place, *map(with_picture, STORY[:2]), STORY[2])
    found = send(place)
    assert found.error is not None
    assert kinds(only(peer)) == WHOLE[:3]
    assert only(peer).files == ()
    peer.recover()
    assert send(place).error is None
    assert len(only(peer).files) == 1
    assert len(peer.posts) == 4


def test_without_the_scope_there_are_no_pictures(place: Workspace, peer: SlackPeer) -> None:
    peer.scopes = tuple(scope for scope in peer.scopes if scope != "files:write")
    write(place, with_picture(STORY[0]))
    assert send(place).error is None
    assert only(peer).files == ()
    assert alerts(place).posts == ()


def test_a_parent_that_somebody_deleted(place: Workspace, peer: SlackPeer) -> None:
    write(place, *STORY[:1])
    send(place)
    peer.delete(only(peer).ts)
    write(place, *STORY[1:])
    assert send(place).error is None
    assert alerts(place).posts == ()


def test_a_webhook_gets_a_message_an_event(
    place: Workspace, peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", peer.webhook_url)
    for record in STORY:
        write(place, record)
        assert send(place).error is None
    titles = [post.text.partition(".")[0] for post in peer.posts]
    assert [any(word in title for word in ("drifted", "worse", "normal")) for title in titles] == [
        True,
        True,
        True,
    ]


def _together(*functions: Callable[[], Any]) -> list[Any]:
    # A thread begins without Prefect's settings, which are in the context.
    with ThreadPoolExecutor(len(functions)) as pool:
        begun = [pool.submit(copy_context().run, function) for function in functions]
        return [one.result(60) for one in begun]


def test_two_deliveries_at_once_send_each_message_once(place: Workspace, peer: SlackPeer) -> None:
    write(place, *STORY)
    found = _together(lambda: send(place), lambda: send(place))
    assert [one.error for one in found] == [None, None]
    assert kinds(only(peer)) == WHOLE
    assert len(peer.posts) == 5


def test_a_delivery_that_another_holds_up_says_so(
    place: Workspace, peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.coordination import slots as slot

    monkeypatch.setattr(slot, "LOCK_SECONDS", 0.1)
    write(place, *STORY)
    with slot.delivery_slot(place, "payments"):
        with pytest.raises(UnavailableError, match="another delivery of payments"):
            send(place)
        with slot.delivery_slot(place, "churn"):
            assert peer.posts == []


def test_a_message_that_two_channels_lack_is_one_that_waits(
    place: Workspace, peer: SlackPeer
) -> None:
    peer.token = "xoxb-another"
    other = SlackChannel(channel="#other")
    write(place, STORY[0], channels=(SLACK, other))
    found = send(place, SLACK, other)
    assert (len(found.failed), found.held) == (1, 0)
    assert found.error is not None
    assert found.error.count("invalid_auth") == 2
