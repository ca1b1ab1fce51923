"""The report of a run through the real flow: kept in MLflow, linked from Slack, not in the way."""

import json
import re
from pathlib import Path

import pytest
from peers.mlflow_server import mlflow_server
from peers.slack import SlackPeer
from workshop import look, monday

from driftloop.base.errors import RegistryError
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from tasks.alerts.write import UndeliveredError
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry

pytestmark = pytest.mark.usefixtures("prefect_server")

DRIFTING, WORSE = 16, 20


def registry_of(folder: Path) -> Registry:
    return open_registry(Workspace(folder))


def report_of(folder: Path, place: int = 0) -> str:
    """The report of the newest run, or of one before it, without markup."""
    registry = registry_of(folder)
    run = registry.finished("payments", "monitor", place + 1)[place]
    stored = registry.file(run.run_id, "report.html")
    assert stored is not None
    return " ".join(re.sub("<[^>]*>", "", stored.decode()).split())


def test_a_report_is_kept_with_its_run_and_says_what_the_record_says(championed: Path) -> None:
    look(championed, 9)
    record = look(championed, DRIFTING)
    said = report_of(championed)
    assert "Inputs drifted." in said
    assert record.rev in said
    for finding in record.drifted[:3]:
        assert finding.sentence.replace("`", "") in said
    assert f"--as-of {record.as_of.isoformat()} --rev {record.rev} --dry-run" in said
    assert f"2 runs since {monday(10):%Y-%m-%d}" in said
    assert "Labels take 7 days" in said
    assert "payments version 1 is the first champion" in said
    assert "Champion vs. challenger" not in said
    assert "2 runs since" not in report_of(championed, 1)  # no run of a later moment


def test_after_a_retraining_the_report_holds_the_comparison(championed: Path) -> None:
    record = look(championed, WORSE)
    assert record.retrain is not None
    assert record.retrain.comparison is not None
    said = report_of(championed)
    assert "Champion vs. challenger" in said
    assert record.retrain.comparison.sentence in said
    assert "Version 2 replaced version 1." in said
    for gate in record.retrain.comparison.gates:
        assert gate.sentence in said
    assert "Challenger 2: data" in said


def test_the_same_run_again_gives_the_same_page(championed: Path) -> None:
    """Nothing of when and where it was drawn is on it, but the address of its Prefect run."""
    pages = []
    for _ in range(2):
        look(championed, 9)
        registry = registry_of(championed)
        (run,) = registry.finished("payments", "monitor", 5)
        stored = registry.file(run.run_id, "report.html") or b""
        pages.append(re.sub(rb"flow-run/[0-9a-f-]+", b"", stored))
    assert pages[0] == pages[1]


def test_a_dry_run_keeps_no_report(championed: Path) -> None:
    look(championed, DRIFTING, dry_run=True)
    assert registry_of(championed).finished("payments", "monitor") == ()


def test_a_report_that_fails_is_told_and_stops_nothing(
    championed: Path, slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ValueError("no font can be found")

    registry = registry_of(championed)
    monkeypatch.setattr("tasks.reporting.run_report.draw_figures", fail)
    with pytest.raises(UndeliveredError, match="report could not be written") as raised:
        look(championed, DRIFTING)
    assert raised.value.record.model == "payments"
    (run,) = registry.finished("payments", "monitor")
    assert run.tags.verdict == "drift"
    assert registry.file(run.run_id, "report.html") is None
    (told,) = slack.story()
    assert "inputs drifted" in told.text


def test_a_ledger_that_was_damaged_is_one_line(championed: Path) -> None:
    broken = json.dumps({"number": "not an entry"})
    registry_of(championed).tag_model("payments", ModelTags(ledger={"999999": broken}))
    with pytest.raises(RegistryError, match=r"driftloop\.ledger\.999999 .*delete that tag"):
        look(championed, DRIFTING)


@pytest.mark.slow
def test_with_a_server_the_message_links_to_the_report(
    championed: Path, slack: SlackPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow_server(tmp_path, Workspace(championed).state) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        look(championed, DRIFTING)
        registry = registry_of(championed)
        (run,) = registry.finished("payments", "monitor")
        address = registry.address("payments", run.run_id, "report.html")
        page = registry.file(run.run_id, "report.html")
    assert address is not None
    assert re.fullmatch(
        rf"{server}/#/experiments/\d+/runs/{run.run_id}/artifacts/report\.html\?workflowType=machine_learning",
        address,
    )
    (told,) = slack.story()
    assert f"<{address}|Report>" in json.dumps(told.blocks)
    assert page is not None
    assert f"{server}/#/models/payments/versions/1?workflowType=machine_learning".encode() in page
