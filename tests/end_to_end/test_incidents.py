"""Incidents through the real flows and commands: workers side by side, talking back, the digest."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from peers.pagerduty import PagerDutyPeer
from peers.slack import SlackPeer, Told
from workshop import ROOT, look, monday, small_config, write_config

from driftloop.base.errors import AlertError
from driftloop.base.workspace import Workspace
from tasks.alerts.write import UndeliveredError
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.runtime import clock
from tools.json_schemas import json_schema

pytestmark = pytest.mark.usefixtures("prefect_server")

Cli = Callable[..., CompletedProcess[str]]
BROKEN, DRIFTING = 12, 19
CHANNELS = [{"kind": "slack"}, {"kind": "pagerduty"}]


@pytest.fixture
def pager(monkeypatch: pytest.MonkeyPatch) -> Any:
    with PagerDutyPeer() as peer:
        monkeypatch.setenv("PAGERDUTY_API_URL", peer.root)
        monkeypatch.setenv("PAGERDUTY_ROUTING_KEY", peer.routing_key)
        yield peer


def only(slack: SlackPeer) -> Told:
    (told,) = slack.story()
    return told


def kinds(told: Told) -> list[str]:
    return [(reply.key or "").rpartition("/")[2] for reply in told.replies]


def parsed(done: CompletedProcess[str], schema: str) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(json_schema(schema)).validate(found)
    return found


def start_monitor(folder: Path, at: datetime) -> "subprocess.Popen[str]":
    command = "monitor", "payments", "--as-of", at.isoformat(), "-w", str(folder)
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *command],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("apart", [0, 6], ids=["the same run twice", "two runs"])
def test_two_workers_open_one_incident(championed: Path, slack: SlackPeer, apart: int) -> None:
    at = monday(BROKEN + 1)
    moments = at, at + timedelta(hours=apart)
    workers = [start_monitor(championed, moment) for moment in moments]
    said = [worker.communicate(timeout=600)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert "data broken" in only(slack).text
    assert kinds(only(slack)).count("opened") == 1
    state = read_alerts(open_documents(Workspace(championed)), "payments")
    assert [incident.number for incident in state.incidents] == [1]
    assert state.posts == ()


def test_acknowledge(
    championed: Path, slack: SlackPeer, pager: PagerDutyPeer, run_cli: Cli
) -> None:
    write_config(championed, small_config(alerts={"channels": CHANNELS}))
    where = "-w", str(championed), "--json"
    nothing = run_cli("ack", "payments", *where)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "payments has no open incident" in nothing.stderr
    look(championed, BROKEN)
    done = run_cli("ack", "payments", "--by", "Ana", "--comment", "The feed's owner knows.", *where)
    found = parsed(done, "ack")
    assert (found["model"], found["incident"], found["by"]) == ("payments", 1, "Ana")
    assert kinds(only(slack)) == ["opened", "acknowledged"]
    assert "Ana" in str(only(slack).blocks)
    for week in (13, 14):
        look(championed, week)
    assert kinds(only(slack)) == ["opened", "acknowledged", "resolved"]
    assert [event["event_action"] for event in pager.events] == [
        *("trigger", "acknowledge", "resolve"),
    ]
    assert len({event["dedup_key"] for event in pager.events}) == 1
    (line,) = parsed(run_cli("status", *where), "status")["models"]
    assert (line["incident_since"], line["waiting"]) == (None, 0)


def test_mute_holds_back_and_then_tells(championed: Path, slack: SlackPeer, run_cli: Cli) -> None:
    where = "-w", str(championed), "--json"
    muted = parsed(run_cli("mute", "payments", "--until", "2 days", *where), "mute")
    end = datetime.fromisoformat(muted["until"])
    assert abs(end - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=5)
    look(championed, BROKEN)
    assert slack.posts == []
    (line,) = parsed(run_cli("status", *where), "status")["models"]
    assert (line["incident_severity"], line["waiting"]) == ("page", 1)
    assert line["muted_until"] == muted["until"]
    held = parsed(run_cli("deliver", *where), "deliver")
    assert (held["sent"], held["held"]) == ([], 1)
    parsed(run_cli("mute", "payments", "--off", *where), "mute")
    assert kinds(only(slack)) == ["opened"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--until"),
        (("--until", "soon"), "'soon'"),
        (("--until", "2020-01-01"), "2020-01-01 UTC, which is in the past"),
    ],
)
def test_a_mute_that_makes_no_sense(
    championed: Path, run_cli: Cli, arguments: tuple[str, ...], named: str
) -> None:
    done = run_cli("mute", "payments", *arguments, "-w", str(championed))
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr.splitlines()[-1]


def test_a_test_goes_through_every_channel(
    championed: Path, slack: SlackPeer, pager: PagerDutyPeer, run_cli: Cli
) -> None:
    write_config(championed, small_config(alerts={"channels": CHANNELS}))
    where = "-w", str(championed), "--json"
    found = parsed(run_cli("test-alert", "payments", *where), "test-alert")
    assert [one["delivered"] for one in found["channels"]] == [True, True]
    assert "TEST" in only(slack).text
    assert [event["event_action"] for event in pager.events] == ["trigger", "resolve"]
    slack.archived, slack.channels = slack.channels, ()
    done = run_cli("test-alert", "payments", *where)
    assert done.returncode == 2
    told = {load["channel"]: load["delivered"] for load in json.loads(done.stdout)["channels"]}
    assert told == {"slack:#ml-alerts": False, "pagerduty:default": True}
    assert "is_archived" in done.stderr.splitlines()[-1]


def test_a_channel_without_a_token_is_not_reached(
    championed: Path, run_cli: Cli, prefect_server: str
) -> None:
    done = run_cli("test-alert", "payments", "-w", str(championed), "--json")
    assert done.returncode == 2
    (one,) = json.loads(done.stdout)["channels"]
    assert not one["delivered"]
    assert "SLACK_BOT_TOKEN" in one["sentence"]


def test_what_waits_is_delivered_without_a_run(
    championed: Path, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch, run_cli: Cli
) -> None:
    with monkeypatch.context() as outage:
        outage.setenv("SLACK_API_URL", "http://127.0.0.1:9/api/")
        with pytest.raises(UndeliveredError):
            look(championed, BROKEN)
        done = run_cli("deliver", "-w", str(championed), "--json")
        assert done.returncode == 2
        assert len(json.loads(done.stdout)["waiting"]) == 1
    done = run_cli("deliver", "-w", str(championed), "--json")
    assert len(parsed(done, "deliver")["sent"]) == 1
    assert kinds(only(slack)) == ["opened"]


def test_the_digest_has_a_line_a_model_and_is_sent_once(
    championed: Path, slack: SlackPeer, run_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(championed, {**small_config(), "model": "churn"}, "churn")
    monkeypatch.setattr(clock, "now", lambda: monday(BROKEN + 1))
    look(championed, BROKEN)
    where = "--as-of", f"{monday(BROKEN + 1):%Y-%m-%d}", "-w", str(championed), "--json"
    for _ in range(2):
        found = parsed(run_cli("digest", *where), "digest")
        assert found["errors"] == []
    incident, digest = slack.story()
    assert "data broken" in incident.text
    text = str(digest.blocks)
    assert "payments" in text
    assert "churn" in text
    broken = championed / "configs" / "wrong.yaml"
    broken.write_text("model: wrong\n")
    done = run_cli("digest", *where)
    assert done.returncode == 2
    assert "wrong.yaml" in done.stderr


def test_a_run_that_looks_back_tells_nothing(championed: Path, slack: SlackPeer) -> None:
    look(championed, 14)
    look(championed, BROKEN)
    assert slack.posts == []


def test_the_flows_of_the_deployments(
    championed: Path, slack: SlackPeer, pager: PagerDutyPeer
) -> None:
    from flows.alerts import acknowledge, deliver, digest, mute, try_alert

    root = str(championed)
    with pytest.raises(AlertError, match="no open incident"):
        acknowledge("payments", workspace=root)
    look(championed, BROKEN)
    assert acknowledge("payments", "Ana", workspace=root).incident == 1
    assert mute("payments", datetime.now(UTC) + timedelta(days=1), "Ana", root).until is not None
    assert mute("payments", workspace=root).until is None
    assert try_alert("payments", root).channels[0].delivered
    assert deliver(root).sent == ()
    assert digest(monday(BROKEN + 1), root).errors == ()
    assert kinds(slack.story()[0]) == ["opened", "acknowledged"]
