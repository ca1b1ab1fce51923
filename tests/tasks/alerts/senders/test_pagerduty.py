from collections.abc import Callable
from typing import Any

import pytest
from peers.http_peer import Fault
from peers.pagerduty import PagerDutyPeer

from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.message import Kind, Receipt
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import LostAnswerError
from tasks.alerts.senders.http import HttpSender
from tests.tasks.alerts.senders.outgoing import SHAPE, message, outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line

KEY = "driftloop/payments-3"
EVERY_FAULT: list[Fault] = [
    *("rate_limit", "error", "reset", "cut"),
    *("error_after_accepting", "reset_after_accepting", "slow_after_accepting"),
]


@pytest.fixture
def sender(pagerduty: PagerDutyPeer) -> HttpSender:
    return use_pagerduty()


def use_pagerduty() -> HttpSender:
    sender = sender_for(PagerDutyChannel())
    assert isinstance(sender, HttpSender)
    return sender


def test_an_incident_is_triggered_with_what_a_person_needs(
    pagerduty: PagerDutyPeer, sender: HttpSender
) -> None:
    assert sender.send(outgoing("k")) == Receipt("pagerduty", "k")
    (event,) = pagerduty.events
    payload = event["payload"]
    assert payload["summary"] == "🚨 payments: data checks failed"
    assert (payload["severity"], payload["component"]) == ("critical", "payments")
    assert (payload["group"], payload["class"]) == ("driftloop", "opened")
    assert "2 of 9 checks failed: a < b" in payload["custom_details"]["message"]
    assert event["links"] == [{"href": "http://prefect/runs/1?a=1&b=2", "text": "Prefect run"}]
    assert event["client"] == "driftloop"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("opened", "triggered"),
        ("worsened", "triggered"),
        ("reopened", "triggered"),
        ("stuck", "triggered"),
        ("rolled_back", "triggered"),
        ("acknowledged", "acknowledged"),
        ("resolved", "resolved"),
    ],
)
def test_what_happens_to_an_incident_happens_there(
    pagerduty: PagerDutyPeer, sender: HttpSender, kind: Kind, state: str
) -> None:
    sender.send(outgoing("a"))
    sender.send(outgoing("b", kind))
    assert pagerduty.states == {KEY: state}
    assert pagerduty.opened == [KEY]


@pytest.mark.parametrize(
    ("level", "severity"), [("page", "critical"), ("warning", "warning"), ("info", "info")]
)
def test_the_severity_is_the_incidents(
    pagerduty: PagerDutyPeer, sender: HttpSender, level: Any, severity: str
) -> None:
    sender.send(outgoing(level=level))
    assert pagerduty.events[0]["payload"]["severity"] == severity


def test_a_message_that_stands_alone_has_a_key_of_its_own(
    pagerduty: PagerDutyPeer, sender: HttpSender
) -> None:
    sender.send(outgoing("k" * 300, "stuck", incident=None))
    assert pagerduty.states == {"k" * 255: "triggered"}


def test_a_test_is_over_at_once_and_says_so(pagerduty: PagerDutyPeer, sender: HttpSender) -> None:
    sender.send(outgoing("t", "test", incident=None))
    assert pagerduty.states == {"t": "resolved"}
    payload = pagerduty.events[0]["payload"]
    assert payload["summary"].startswith("[TEST] ")
    assert payload["severity"] == "info"


def test_long_texts_are_cut(pagerduty: PagerDutyPeer, sender: HttpSender) -> None:
    sender.send(outgoing(message=message(text="x" * 5000, blocks=())))
    assert len(pagerduty.events[0]["payload"]["summary"]) == 1024


def test_what_does_not_concern_pagerduty_is_not_sent(
    pagerduty: PagerDutyPeer, sender: HttpSender
) -> None:
    sender.send(outgoing("a", "started"))
    sender.update(Receipt("pagerduty", KEY), message())
    assert sender.draw(outgoing(shapes=(SHAPE,))) is None
    assert pagerduty.requests == []


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_after_a_fault_each_incident_was_opened_once(
    pagerduty: PagerDutyPeer,
    sender: HttpSender,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    if fault.startswith("slow"):
        monkeypatch.setattr(base, "TIMEOUT", 0.15)
    pagerduty.misbehave(fault, seconds=0.3 if fault.startswith("slow") else 0)
    for number in (1, 2):
        sender.send(outgoing(incident=f"payments-{number}"))
    sender.send(outgoing("r", "resolved", incident="payments-1"))
    assert pagerduty.opened == ["driftloop/payments-1", "driftloop/payments-2"]
    assert list(pagerduty.states.values()) == ["resolved", "triggered"]


def test_a_refused_connection_is_tried_again(
    pagerduty: PagerDutyPeer,
    sender: HttpSender,
    when_waiting: list[Callable[[], None]],
) -> None:
    pagerduty.close()
    when_waiting.append(pagerduty.reopen)
    sender.send(outgoing())
    assert pagerduty.opened == [KEY]


def test_an_outage_ends_in_one_line_and_the_next_run_sends(
    pagerduty: PagerDutyPeer, sender: HttpSender
) -> None:
    pagerduty.misbehave("error", times=9)
    with pytest.raises(LostAnswerError, match="HTTP 500") as caught:
        sender.send(outgoing())
    assert len(pagerduty.requests) == 1 + base.RETRIES
    assert_one_safe_line(caught.value, pagerduty.routing_key)
    with pagerduty.refusing(), pytest.raises(DeliveryError, match="did not answer"):
        sender.send(outgoing())
    pagerduty.recover()
    sender.send(outgoing())
    assert pagerduty.opened == [KEY]


@pytest.mark.parametrize(("seconds", "requests"), [(1, 2), (3600, 1)])
def test_retry_after_is_honoured_up_to_a_limit(
    pagerduty: PagerDutyPeer,
    sender: HttpSender,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    requests: int,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tasks.alerts.senders.http.time.sleep", waits.append)
    pagerduty.misbehave("rate_limit", seconds=seconds)
    if requests == 1:
        with pytest.raises(DeliveryError, match="rate-limited"):
            sender.send(outgoing())
    else:
        sender.send(outgoing())
    assert (len(pagerduty.requests), waits) == (requests, [1] if requests == 2 else [])


@pytest.mark.parametrize("key", ["too-short", "f" * 32])
def test_a_wrong_key_names_where_it_belongs(
    pagerduty: PagerDutyPeer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEY", key)
    with pytest.raises(DeliveryError, match=r"(?i)routing.*PAGERDUTY_ROUTING_KEY") as caught:
        use_pagerduty().send(outgoing())
    assert_one_safe_line(caught.value, key)
    assert len(pagerduty.requests) == 1


def test_an_invalid_event_tells_what_pagerduty_says(
    pagerduty: PagerDutyPeer, sender: HttpSender
) -> None:
    nameless = message(text="", blocks=())
    with pytest.raises(DeliveryError, match=r"'payload.summary' is missing or blank"):
        sender.send(outgoing(message=nameless))


@pytest.mark.parametrize("url", ["nowhere", "http://a b/secret", "ftp://host/secret"])
def test_an_address_that_is_none_is_told(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PAGERDUTY_API_URL", url)
    with pytest.raises(DeliveryError, match="check PAGERDUTY_API_URL") as caught:
        sender.send(outgoing())
    assert_one_safe_line(caught.value, "secret")
