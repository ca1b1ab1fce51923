import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from peers.hook import HookPeer
from peers.http_peer import Fault

from driftloop.alerts.channels.webhook import WebhookChannel, headers
from driftloop.alerts.message import Receipt
from driftloop.alerts.messages.formats.slack import slack_blocks
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import LostAnswerError
from tasks.alerts.senders.http import HttpSender
from tests.tasks.alerts.senders.outgoing import SHAPE, message, outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line


@pytest.fixture
def sender(hook: HookPeer) -> HttpSender:
    return use_webhook()


def use_webhook() -> HttpSender:
    sender = sender_for(WebhookChannel())
    assert isinstance(sender, HttpSender)
    return sender


def test_an_event_is_posted_as_json(hook: HookPeer, sender: HttpSender) -> None:
    assert sender.send(outgoing("k")) == Receipt("webhook", "k")
    (event,) = hook.events
    sent_at = event.pop("sent_at")
    assert sent_at.endswith("+00:00")
    text = event.pop("text")
    assert text.startswith("🚨 payments: data checks failed\n\n2 of 9 checks failed: a < b")
    assert event == {
        "version": 1,
        "key": "k",
        "kind": "opened",
        "severity": "page",
        "level": "page",
        "model": "payments",
        "incident": "payments-3",
        "title": "🚨 payments: data checks failed",
        "links": [{"url": "http://prefect/runs/1?a=1&b=2", "label": "Prefect run"}],
        "blocks": slack_blocks(message()),
    }


def test_a_key_beyond_ascii_fits_a_header(hook: HookPeer, sender: HttpSender) -> None:
    sender.send(outgoing("модель/1 x"))
    assert hook.keys == ["модель/1 x"]
    assert hook.deliveries == ["%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C/1%20x"]


def test_nothing_is_drawn_or_updated(hook: HookPeer, sender: HttpSender) -> None:
    sender.update(Receipt("webhook", "k"), message())
    assert sender.draw(outgoing(shapes=(SHAPE,))) is None
    assert hook.requests == []


@pytest.mark.parametrize(
    "fault",
    [
        *("rate_limit", "error", "reset"),
        *("error_after_accepting", "reset_after_accepting", "slow_after_accepting"),
    ],
)
def test_after_a_fault_the_story_is_whole_and_each_event_once(
    hook: HookPeer, sender: HttpSender, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    if fault.startswith("slow"):
        monkeypatch.setattr(base, "TIMEOUT", 0.15)
    sender.send(outgoing("a"))
    hook.misbehave(fault, seconds=0.3 if fault.startswith("slow") else 0)
    sender.send(outgoing("b"))
    sender.send(outgoing("c"))
    assert hook.keys == ["a", "b", "c"]


def test_a_refused_connection_is_tried_again(
    hook: HookPeer, sender: HttpSender, when_waiting: list[Callable[[], None]]
) -> None:
    hook.close()
    when_waiting.append(hook.reopen)
    sender.send(outgoing("a"))
    assert hook.keys == ["a"]


def test_an_outage_ends_in_one_line_without_the_address(
    hook: HookPeer, sender: HttpSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.misbehave("error", times=9)
    with pytest.raises(LostAnswerError, match="HTTP 500") as caught:
        sender.send(outgoing())
    assert_one_safe_line(caught.value, "peer-path-secret", hook.secret)
    with hook.refusing(), pytest.raises(DeliveryError, match="did not answer") as caught:
        sender.send(outgoing())
    assert_one_safe_line(caught.value, "peer-path-secret", hook.secret)
    assert "500" in caplog.text
    assert "peer-path-secret" not in caplog.text
    hook.recover()
    sender.send(outgoing("a"))
    assert hook.keys == ["a"]


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410])
def test_a_refusal_says_check_the_address(hook: HookPeer, sender: HttpSender, status: int) -> None:
    hook.status, hook.location = status, f"{hook.root}/elsewhere"
    with pytest.raises(DeliveryError, match=rf"HTTP {status}.*DRIFTLOOP_WEBHOOK_URL") as caught:
        sender.send(outgoing())
    assert_one_safe_line(caught.value, "peer-path-secret")
    assert len(hook.requests) == 1


def test_a_wrong_signing_secret_is_named(
    hook: HookPeer, sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLOOP_WEBHOOK_SECRET", "another-secret")
    with pytest.raises(DeliveryError, match=r"HTTP 401.*DRIFTLOOP_WEBHOOK_SECRET") as caught:
        use_webhook().send(outgoing())
    assert_one_safe_line(caught.value, "another-secret")


@pytest.mark.parametrize("url", ["ftp://host/secret", "secret", "http://a b/secret", "file:///x"])
def test_an_address_that_is_none_is_not_shown(
    hook: HookPeer, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DRIFTLOOP_WEBHOOK_URL", url)
    with pytest.raises(DeliveryError, match="DRIFTLOOP_WEBHOOK_URL") as caught:
        use_webhook().send(outgoing())
    assert_one_safe_line(caught.value, "secret")


@pytest.fixture(scope="module")
def verify() -> Callable[..., bool]:
    """The receiver's check of a signature, as ``docs/channels.md`` shows it."""
    page = (Path(__file__).parents[4] / "docs" / "channels.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    documented: dict[str, Any] = {}
    exec(code[1], documented)
    check: Callable[..., bool] = documented["verify"]
    return check


def test_a_receiver_can_verify(verify: Callable[..., bool]) -> None:
    body = b'{"version": 1}'
    sent = headers("s3cret", "k", body, datetime.now(UTC))
    timestamp, given = sent["X-Driftloop-Timestamp"], sent["X-Driftloop-Signature"]
    assert verify("s3cret", timestamp, body, given)
    assert not verify("other", timestamp, body, given)
    assert not verify("s3cret", timestamp, body + b" ", given)
    assert not verify("s3cret", str(int(timestamp) + 1), body, given)
    assert not verify("s3cret", timestamp, body, "v1=ключ")
    assert not verify("s3cret", "soon", body, given)


def test_an_old_signature_is_a_replay(
    monkeypatch: pytest.MonkeyPatch, verify: Callable[..., bool]
) -> None:
    sent, now = headers("s3cret", "k", b"x", datetime.now(UTC)), time.time()
    given = (sent["X-Driftloop-Timestamp"], b"x", sent["X-Driftloop-Signature"])
    for age, good in ((290, True), (310, False)):
        monkeypatch.setattr(time, "time", lambda age=age: now + age)
        assert verify("s3cret", *given) is good
