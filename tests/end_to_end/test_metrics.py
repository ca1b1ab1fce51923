"""Metrics of real runs: right across processes, replaced as a whole, and never in the way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from peers.pushgateway import PushgatewayPeer
from peers.slack import SlackPeer
from prometheus_client.parser import text_string_to_metric_families
from workshop import look, monday

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.base.records import MonitorRecord
from driftloop.base.workspace import Workspace
from flows.alerts import deliver, mute
from flows.rollback import rollback
from tasks.alerts.write import UndeliveredError
from tasks.registry.opening import open_registry
from tasks.reporting.publish_metrics import FOLDER, URL
from tools.json_schemas import json_schema

Cli = Callable[..., CompletedProcess[str]]
pytestmark = pytest.mark.usefixtures("prefect_server")
DRIFTING, BROKEN = 20, 12
SLACK = SlackChannel(channel="#ml-alerts").key
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushgatewayPeer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with PushgatewayPeer() as peer:
        monkeypatch.setenv(URL, peer.root)
        yield peer


def read(text: str) -> dict[str, float]:
    """The value of every time series, named as in the text without the model."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "model"}
            inner = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
            found[sample.name.removeprefix("driftloop_") + (f"{{{inner}}}" if inner else "")] = (
                sample.value
            )
    return found


def finished(folder: Path, kind: str) -> int:
    return len(open_registry(Workspace(folder)).finished("payments", kind, 10))


def test_a_story_is_counted_from_what_is_stored(
    championed: Path, slack: SlackPeer, gateway: PushgatewayPeer, run_cli: Cli
) -> None:
    look(championed, 9)
    calm = read(gateway.payments)
    assert calm["verdict{status=ok}"] == 1
    assert calm["verdict{status=drift}"] == calm["incident_open"] == 0
    assert calm["promotions_total"] == 1
    assert calm["champion_info{version=1}"] == 1
    assert calm["last_run_as_of_timestamp_seconds"] == monday(10).timestamp()
    assert calm["run_duration_seconds{flow=monitor}"] > 0
    assert "mean_time_to_detect_seconds" not in calm

    where = "-w", str(championed)
    done = run_cli("monitor", "payments", "--as-of", f"{monday(21):%Y-%m-%d}", "--json", *where)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    drifting = read(gateway.payments)
    assert drifting["verdict{status=drift}"] == drifting["incident_open"] == 1
    assert drifting["action{action=retrain}"] == 1
    assert drifting["retrains_total{outcome=promoted}"] == 1
    assert drifting["promotions_total"] == 2
    assert drifting["champion_info{version=2}"] == 1
    assert "champion_info{version=1}" not in drifting
    assert drifting["score{metric=roc_auc}"] == record["performance"]["score"]
    assert drifting["rows{part=current}"] == record["rows"]["current"]
    assert drifting["incident_severity{severity=page}"] == 1
    assert drifting["run_duration_seconds{flow=retrain}"] > 0
    assert drifting["mean_time_to_new_champion_seconds"] == 0

    rollback("payments", workspace=str(championed))
    back = read(gateway.payments)
    assert back["rollbacks_total"] == 1
    assert back["champion_info{version=1}"] == 1
    assert back["score{metric=roc_auc}"] == record["performance"]["score"]
    assert len(gateway.requests) == 3, "a retraining within a run leaves it to the run"

    printed = run_cli("metrics", "payments", *where)
    moving = {"message_oldest_timestamp_seconds"}
    assert printed.returncode == 0, printed.stderr
    assert {k: v for k, v in read(printed.stdout).items() if k not in moving} == back


def test_printed_as_json_and_for_all_models(championed: Path, run_cli: Cli) -> None:
    look(championed, 9)
    (championed / "configs" / "prometheus").mkdir()
    (championed / "configs" / "prometheus" / "prometheus.yml").write_text("scrape_configs: []\n")
    done = run_cli("metrics", "--json", "-w", str(championed))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(json_schema("metrics")).validate(found)
    assert {one["labels"]["model"] for one in found["samples"]} == {"payments"}

    (championed / "configs" / "broken.yaml").write_text("model: broken\n")
    done = run_cli("metrics", "-w", str(championed))
    assert done.returncode == 2
    assert 'driftloop_verdict{model="payments",status="ok"} 1.0' in done.stdout
    assert "broken.yaml" in done.stderr.splitlines()[-1]
    assert run_cli("metrics", "unknown", "-w", str(championed)).returncode == 2


def test_a_gateway_that_is_down_hides_and_undoes_nothing(
    championed: Path, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(URL, NOWHERE)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with pytest.raises(UndeliveredError, match=r"Pushgateway at http://127\.0\.0\.1:9 ") as failed:
        look(championed, DRIFTING)
    record = failed.value.record
    assert isinstance(record, MonitorRecord)
    assert record.retrain is not None
    assert record.retrain.won
    assert finished(championed, "monitor") == finished(championed, "retrain") == 1
    assert slack.posts, "people were told"
    text = (tmp_path / "driftloop_payments.prom").read_text()
    assert read(text)["champion_info{version=2}"] == 1, "the other target was served"


def test_everything_that_did_not_go_out_is_named(
    championed: Path, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "missing"))
    monkeypatch.setenv("SLACK_API_URL", f"{NOWHERE}/api/")
    with pytest.raises(UndeliveredError, match=r"could not be delivered.*DRIFTLOOP_METRICS_FOLDER"):
        look(championed, BROKEN)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with pytest.raises(UndeliveredError, match="could not be"):
        deliver(str(championed))
    found = read((tmp_path / "driftloop_payments.prom").read_text())
    assert found[f"messages_waiting{{channel={SLACK},why=undelivered}}"] >= 1
    assert found[f"delivery_failures_total{{channel={SLACK}}}"] == 3, "the run tried it twice"
    assert found["quality_checks{status=failed}"] >= 1
    monkeypatch.setenv("SLACK_API_URL", slack.api_url)
    mute("payments", monday(99), "anna", str(championed))
    deliver(str(championed))
    found = read((tmp_path / "driftloop_payments.prom").read_text())
    assert found[f"delivery_failures_total{{channel={SLACK}}}"] == 3
    assert found[f"messages_waiting{{channel={SLACK},why=undelivered}}"] == 0
    assert found[f"messages_waiting{{channel={SLACK},why=held}}"] >= 1
    assert found["muted_until_timestamp_seconds"] == monday(99).timestamp()


def test_a_dry_run_publishes_nothing(championed: Path, gateway: PushgatewayPeer) -> None:
    look(championed, 9, dry_run=True)
    assert gateway.requests == []
