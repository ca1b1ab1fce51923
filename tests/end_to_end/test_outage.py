"""Slack is down while a model is promoted: nothing is undone and nothing is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from peers.slack import SlackPeer
from workshop import look, monday

from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from tasks.alerts.write import UndeliveredError
from tasks.registry.opening import open_registry

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_slack_refuses_while_a_model_is_promoted(
    championed: Path, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setenv("SLACK_API_URL", "http://127.0.0.1:9/api/")
        with pytest.raises(UndeliveredError, match="3 messages could not be delivered") as failed:
            look(championed, 20)
    record = failed.value.record
    assert isinstance(record, MonitorRecord)
    assert record.retrain is not None
    assert record.retrain.promotion is not None
    assert record.retrain.promotion.promoted
    champion = open_registry(Workspace(championed)).champion("payments")
    assert champion is not None
    assert champion.version == record.retrain.challenger
    assert slack.posts == []

    look(championed, 21)
    (told,) = slack.story()
    assert told.text.startswith("payments: fixed by version 2: ")
    keys = [(reply.key or "").rpartition("/")[2] for reply in told.replies]
    assert keys[:3] == ["opened", "started", "promoted-2"]
    assert len(set(slack.keys)) == len(slack.posts)


def test_the_command_prints_its_result_and_then_fails(
    championed: Path, run_cli: Callable[..., CompletedProcess[str]]
) -> None:
    command = ("monitor", "payments", "--as-of", f"{monday(20):%Y-%m-%d}", "--json")
    nowhere = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_API_URL": "http://127.0.0.1:9/api/"}
    done = run_cli(*command, "-w", str(championed), **nowhere)
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "drift"
    assert "could not be delivered" in done.stderr.splitlines()[-1]
