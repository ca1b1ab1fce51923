"""One story through every kind of channel at once, each with its outages."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peers.hook import HookPeer
from peers.mail import MailPeer
from peers.pagerduty import PagerDutyPeer
from peers.slack import SlackPeer

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.channels.webhook import WebhookChannel
from driftloop.alerts.incident import Acknowledgement
from driftloop.alerts.posts import Run, acknowledge, post_run
from driftloop.base.distribution import Shape
from driftloop.base.findings import Verdict
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from tasks.alerts.deliver import Delivery, deliver
from tasks.alerts.senders import base
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.documents import open_documents
from tasks.runtime import clock
from tests.driftloop.alerts.messages.message_records import AS_OF, LINKS, check, drifted, finding
from tests.driftloop.alerts.test_telling import CALM, FELL, later, routing

STORY = drifted(), later(FELL, 1), later(CALM, 2), later(CALM, 3)
WHOLE = ["opened", "worsened", "acknowledged", "resolved"]


class Town:
    """Every peer, the channels that lead to them, and a workspace without a Prefect server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.slack = stack.enter_context(SlackPeer())
        self.pager = stack.enter_context(PagerDutyPeer())
        self.mail = stack.enter_context(MailPeer(folder))
        self.hook = stack.enter_context(HookPeer())
        self.place = Workspace(folder / "place")
        host: dict[str, Any] = {"host": "127.0.0.1", "port": self.mail.port, "security": "none"}
        self.channels: tuple[Channel, ...] = (
            SlackChannel(),
            PagerDutyChannel(at_least="info"),
            EmailChannel(to=("ana@example.org",), sender="driftloop@example.org", **host),
            WebhookChannel(),
        )

    @property
    def environment(self) -> dict[str, str]:
        """Where the peers are, and their secrets."""
        return {
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": self.slack.token,
            "PAGERDUTY_API_URL": self.pager.root,
            "PAGERDUTY_ROUTING_KEY": self.pager.routing_key,
            "DRIFTLOOP_WEBHOOK_URL": self.hook.url,
            "DRIFTLOOP_WEBHOOK_SECRET": self.hook.secret,
        }

    def run(self, record: MonitorRecord) -> None:
        """Write what a run has to tell; after the second somebody takes it on."""
        to = routing(*self.channels)

        def told(old: Any) -> Any:
            state = post_run(old, Run(record, (), LINKS), to).state
            if record is STORY[1]:
                state = acknowledge(state, "payments", Acknowledgement("Ana", AS_OF), to)
            return state

        change_alerts(open_documents(self.place), "payments", told)

    def deliver(self) -> Delivery:
        """Send what waits."""
        return deliver(self.place, "payments", self.channels)

    def assert_whole(self) -> None:
        """Every peer has the whole story, in order, each thing once."""
        (told,) = self.slack.story()
        assert [(reply.key or "").rpartition("/")[2] for reply in told.replies] == WHOLE
        actions = [event["event_action"] for event in self.pager.events]
        assert list(dict.fromkeys(actions)) == ["trigger", "acknowledge", "resolve"]
        assert list(self.pager.states.values()) == ["resolved"]
        assert self.pager.opened == list(self.pager.states)
        assert ends(list(dict.fromkeys(self.mail.keys))) == WHOLE
        assert ends(self.hook.keys) == WHOLE
        assert read_alerts(open_documents(self.place), "payments").posts == ()


def ends(keys: list[str]) -> list[str]:
    return [key.rpartition("/")[2] for key in keys]


@pytest.fixture
def town(
    tmp_path: Path, empty_registry: Path, monkeypatch: pytest.MonkeyPatch, no_server: None
) -> Iterator[Town]:
    shutil.copytree(empty_registry, tmp_path / "place" / empty_registry.name)
    monkeypatch.setattr(base, "PAUSE", 0.01)
    monkeypatch.setattr(base, "TIMEOUT", 0.5)
    monkeypatch.setattr(clock, "now", lambda: AS_OF)
    with ExitStack() as stack:
        town = Town(tmp_path, stack)
        for name, value in town.environment.items():
            monkeypatch.setenv(name, value)
        yield town


def test_a_story_reaches_everybody(town: Town) -> None:
    for record in STORY:
        town.run(record)
        assert town.deliver().error is None
    town.assert_whole()
    keys = {event["dedup_key"] for event in town.pager.events}
    assert len(keys) == 1
    roots = {str(mail.content["References"]).split()[0] for mail in town.mail.mails}
    assert len(roots) == 1, "mail programs show one thread"


OUTAGES: dict[str, tuple[Callable[[Town], Any], Callable[[Town], Any]]] = {
    "pagerduty limits": (
        lambda t: t.pager.misbehave("rate_limit", 20, 60),
        lambda t: t.pager.recover(),
    ),
    "pagerduty fails": (lambda t: t.pager.misbehave("error", 20), lambda t: t.pager.recover()),
    "pagerduty is away": (lambda t: t.pager.close(), lambda t: t.pager.reopen()),
    "pagerduty loses answers": (
        lambda t: t.pager.misbehave("reset_after_accepting", 20),
        lambda t: t.pager.recover(),
    ),
    "mail is busy": (lambda t: t.mail.misbehave("busy", 20), lambda t: t.mail.recover()),
    "mail refuses": (lambda t: t.mail.misbehave("error", 20), lambda t: t.mail.recover()),
    "mail is away": (lambda t: t.mail.close(), lambda t: t.mail.reopen()),
    "mail loses answers": (
        lambda t: t.mail.misbehave("reset_after_accepting", 20),
        lambda t: t.mail.recover(),
    ),
    "hook fails": (lambda t: t.hook.misbehave("error", 20), lambda t: t.hook.recover()),
    "hook is away": (lambda t: t.hook.close(), lambda t: t.hook.reopen()),
    "hook loses answers": (
        lambda t: t.hook.misbehave("reset_after_accepting", 20),
        lambda t: t.hook.recover(),
    ),
    "slack is away": (lambda t: t.slack.close(), lambda t: t.slack.reopen()),
}


KINDS = {"pagerduty": "pagerduty", "mail": "email", "hook": "webhook", "slack": "slack"}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_holds_up_one_channel_and_loses_nothing(town: Town, outage: str) -> None:
    begin, end = OUTAGES[outage]
    town.run(STORY[0])
    assert town.deliver().error is None
    begin(town)
    town.run(STORY[1])
    failed = town.deliver()
    assert failed.error is not None
    state = read_alerts(open_documents(town.place), "payments")
    stuck = {channel for post in state.posts for channel in post.waiting}
    assert [name.partition(":")[0] for name in stuck] == [KINDS[outage.split()[0]]]
    for secret in town.environment.values():
        if not secret.startswith("http://127.0.0.1") or secret == town.hook.url:
            assert secret not in failed.error
    end(town)
    for record in STORY[2:]:
        town.run(record)
        town.deliver()
    assert town.deliver().error is None
    town.assert_whole()


def test_an_address_that_is_gone_is_named_and_stops_nobody(town: Town) -> None:
    host: dict[str, Any] = {"host": "127.0.0.1", "port": town.mail.port, "security": "none"}
    people = "ana@example.org", "gone@example.org"
    town.channels = (EmailChannel(to=people, sender="driftloop@example.org", **host),)
    town.mail.refused = {people[1]: "550 no such user"}
    town.run(STORY[0])
    found = town.deliver()
    assert found.error is not None
    assert "refused 1 of 2 addresses" in found.error
    assert found.failed == ()
    assert [mail.to for mail in town.mail.mails] == [people[:1]]
    assert town.deliver() == Delivery()


HOSTILE = {
    "markup": "<!channel> *bold* _it_ ~no~ `code` <http://evil.example|click> & </script><b>x</b>",
    "long": "country " + "Ä" * 5000,
    "right to left": "abc\u202egnp.exe\u202c שלום \u2066x\u2069",
    "null bytes": "amount\x00\x1b[31m\r\nSubject: owned\r\n\r\n.\r\n",
    "emoji": "👩‍👩‍👧‍👦" * 400,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_values_reach_everybody_harmless(town: Town, name: str) -> None:
    text = HOSTILE[name]
    findings = tuple(finding(f"{text}{n}", f"`{text}{n}` moved to {text}.", 0.9) for n in range(60))
    shape = Shape(text, (text, "other"), (), (0.5, 0.5), (0.1, 0.9))
    record = drifted(
        findings=tuple(replace(one, shape=shape) for one in findings),
        quality=tuple(check(text, f"`{text}` is broken: {text}.") for _ in range(60)),
        verdict=Verdict("drift", f"60 inputs drifted: {text}"),
        rev=text,
    )
    to = routing(*town.channels)
    town.run(record)
    change_alerts(
        open_documents(town.place),
        "payments",
        lambda old: acknowledge(old, "payments", Acknowledgement(text, AS_OF, text), to),
    )
    assert town.deliver().error is None
    (told,) = town.slack.story()
    assert len(told.files) == 1
    shown = [reply.text + str(reply.blocks) for reply in (told, *told.replies)]
    for line in shown:
        assert "<!channel>" not in line
        assert "<http://evil" not in line
        assert not {"\u202e", "\u2066", "\x00", "\x1b"} & set(line)
    assert len(town.mail.mails) == len(town.hook.events) == 2
    for mail in town.mail.mails:
        assert len(mail.content.get_all("Subject")) == 1
        page = mail.content.get_body(("html",))
        assert page is not None
        assert "<script" not in page.get_content()
        assert "<b>x</b>" not in page.get_content()
