import time
from collections.abc import Iterator
from typing import Any

import pytest
from peers.hook import HookPeer
from peers.pagerduty import PagerDutyPeer
from peers.slack import SlackPeer

import tasks.runtime.credentials
from tasks.alerts.senders import base
from tasks.alerts.senders.base import warn_once

_PROXIES = "HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy"
_SECRETS = (
    "SLACK_BOT_TOKEN SLACK_WEBHOOK_URL SLACK_API_URL PAGERDUTY_ROUTING_KEY PAGERDUTY_API_URL "
    "SMTP_PASSWORD DRIFTLOOP_WEBHOOK_URL DRIFTLOOP_WEBHOOK_SECRET"
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in f"{_PROXIES} {_SECRETS}".split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tasks.runtime.credentials, "_from_prefect", lambda block: None)
    monkeypatch.setattr(base, "PAUSE", 0.01)
    monkeypatch.setattr("random.random", lambda: 0.0)
    warn_once.cache_clear()
    sleep = time.sleep
    # So that a sender that waits longer than it may fails a test and does not hold it up.
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackPeer]:
    lists: dict[str, Any] = {"not_joined": ("#elsewhere",), "archived": ("#old",)}
    with SlackPeer(**lists) as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        yield running


@pytest.fixture
def pagerduty(monkeypatch: pytest.MonkeyPatch) -> Iterator[PagerDutyPeer]:
    with PagerDutyPeer() as running:
        monkeypatch.setenv("PAGERDUTY_API_URL", running.root)
        monkeypatch.setenv("PAGERDUTY_ROUTING_KEY", running.routing_key)
        yield running


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookPeer]:
    with HookPeer() as running:
        monkeypatch.setenv("DRIFTLOOP_WEBHOOK_URL", running.url)
        monkeypatch.setenv("DRIFTLOOP_WEBHOOK_SECRET", running.secret)
        yield running


@pytest.fixture
def when_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Functions that are called, one at each pause between two attempts of the sender."""
    todo: list[Any] = []
    sleep = time.sleep

    def wait(seconds: float) -> None:
        if todo:
            todo.pop(0)()
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", wait)
    yield todo
    assert todo == []
