"""Messages by Apprise, to a server on loopback that is reached by its `json://` addresses."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from peers.http_peer import Answer, HttpPeer

from driftloop.alerts.channels.apprise import AppriseChannel
from driftloop.alerts.message import Receipt
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import sender_for
from tasks.alerts.senders.base import RefusedError
from tests.tasks.alerts.senders.outgoing import outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line

TOKEN = "s3cr3t-token"


@dataclass
class Service(HttpPeer):
    """A service that keeps what it is given."""

    bodies: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.bodies.append(json.loads(body))
        return Answer(200, "{}")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Service() as running:
        port = running.root.rpartition(":")[2]
        address = f"json://127.0.0.1:{port}/{TOKEN}?rto=2&cto=2"
        monkeypatch.setenv("DRIFTLOOP_APPRISE_URL", address)
        yield running


def test_a_message_is_title_text_and_severity(service: Service) -> None:
    sender = sender_for(AppriseChannel(name="teams"))
    assert sender.send(outgoing("k")) == Receipt("apprise:teams", "k")
    (body,) = service.bodies
    assert body["title"] == "🚨 payments: data checks failed"
    assert body["message"].startswith("2 of 9 checks failed: a < b")
    assert "http://prefect/runs/1?a=1&b=2" in body["message"]
    assert body["type"] == "failure"


def test_small_steps_are_left_to_threads(service: Service) -> None:
    sender = sender_for(AppriseChannel())
    assert sender.wants("opened")
    assert not sender.wants("acknowledged")


@pytest.mark.parametrize("fault", ["error", "reset"])
def test_a_service_that_fails_keeps_the_message_and_the_secret(
    service: Service, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service.misbehave(fault)
    with caplog.at_level(logging.INFO), pytest.raises(DeliveryError) as caught:
        sender_for(AppriseChannel(name="teams")).send(outgoing("k"))
    assert not isinstance(caught.value, RefusedError)
    assert "the service 'teams' did not take the message" in str(caught.value)
    assert_one_safe_line(caught.value, TOKEN)
    assert TOKEN not in caplog.text
    assert service.bodies == []


def test_an_address_that_is_none(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLOOP_APPRISE_URL", f"nonsense://{TOKEN}")
    with pytest.raises(RefusedError, match=r"DRIFTLOOP_APPRISE_URL .*such as msteams://") as caught:
        sender_for(AppriseChannel()).send(outgoing("k"))
    assert_one_safe_line(caught.value, TOKEN)


def test_without_an_address_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, no_server: None
) -> None:
    monkeypatch.delenv("DRIFTLOOP_APPRISE_URL", raising=False)
    with pytest.raises(DeliveryError, match="DRIFTLOOP_APPRISE_URL"):
        sender_for(AppriseChannel())
