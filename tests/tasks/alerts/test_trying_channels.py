"""A test message tells the truth about which channels it reached."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import tasks.runtime.credentials
from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.responses import TestAlert
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from tasks.alerts.respond import try_channels
from tasks.alerts.write import UndeliveredError
from tasks.runtime.job import Job

MINIMAL = Path(__file__).parents[2] / "fixtures" / "configs" / "good" / "minimal.yaml"


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "PAGERDUTY_ROUTING_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tasks.runtime.credentials, "_from_prefect", lambda block: None)


def tried(folder: Path, *channels: Channel) -> TestAlert:
    config = load_config(MINIMAL)
    alerts = config.alerts.model_copy(update={"channels": channels})
    config = config.model_copy(update={"alerts": alerts})
    job = Job(Workspace(folder, folder), config, datetime(2026, 3, 9, tzinfo=UTC), "HEAD", False)
    try:
        return try_channels.fn(job)
    except UndeliveredError as error:
        found = error.record
    assert isinstance(found, TestAlert)
    return found


def test_what_was_reached_is_said_to_be(tmp_path: Path) -> None:
    found = tried(tmp_path, PageChannel(), ConsoleChannel())
    assert found.sentence == "The test of payments reached 2 of 2 channels."
    assert "TEST of alerts" in (tmp_path / "alerts.html").read_text()


def test_slack_without_a_secret_was_not_reached(tmp_path: Path) -> None:
    found = tried(tmp_path, SlackChannel(), PageChannel())
    slack, page = found.channels
    assert not slack.delivered
    assert "SLACK_BOT_TOKEN and SLACK_WEBHOOK_URL are not set" in slack.sentence
    assert page.delivered
    assert found.sentence == "The test of payments reached 1 of 2 channels."


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    found = tried(tmp_path, PagerDutyChannel(), PageChannel())
    assert [channel.delivered for channel in found.channels] == [False, True]
    assert "PAGERDUTY_ROUTING_KEY" in found.channels[0].sentence
