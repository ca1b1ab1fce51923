"""The page of all models from a real registry: one question for all, nobody left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from workshop import look, monday, small_config, write_config

from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from driftloop.reporting.dashboard.rows import ModelRow
from tasks.registry.opening import open_registry
from tasks.reporting.dashboard import gather_models
from tasks.runtime import clock

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def at_week_17(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: monday(17))


def row_of(folder: Path, model: str) -> ModelRow:
    (found,) = (row for row in gather_models(Workspace(folder)) if row.model == model)
    return found


@pytest.mark.usefixtures("at_week_17")
def test_every_configured_model_is_there(championed: Path) -> None:
    from flows.dashboard import dashboard

    look(championed, 9)
    look(championed, 16)
    other: dict[str, Any] = {**small_config(), "model": "refunds"}
    write_config(championed, other, "refunds")
    (championed / "configs" / "fraud.yaml").write_text("model: fraud\n")
    found = dashboard(str(championed))
    by_name = {model.model: model for model in found.models}
    assert set(by_name) == {"fraud", "payments", "refunds"}
    seen = by_name["payments"]
    assert (seen.outcome, seen.stale, seen.champion, len(seen.scores)) == ("drift", False, "1", 2)
    assert seen.incident_since is not None
    assert seen.promoted_at == monday(9)
    assert seen.rev
    assert by_name["refunds"].outcome == "missing"
    assert by_name["refunds"].problem is None
    assert "is required and missing" in (by_name["fraud"].problem or "")
    page = Path(found.path)
    assert seen.report is not None
    assert "Inputs drifted." in (page.parent / seen.report).read_text()
    assert seen.report in page.read_text()


@pytest.mark.usefixtures("at_week_17")
def test_a_newer_report_takes_the_place_of_the_older_one(championed: Path) -> None:
    from flows.dashboard import dashboard

    for week in (9, 10):
        look(championed, week)
        dashboard(str(championed))
    copies = [*(championed / ".driftloop" / "site" / "reports").iterdir()]
    (run,) = open_registry(Workspace(championed)).finished("payments", "monitor")
    assert [path.name for path in copies] == [f"payments.{run.run_id}.html"]


def test_a_model_that_has_not_run_for_long_is_stale(
    championed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(championed, 9)
    monkeypatch.setattr(clock, "now", lambda: monday(12))
    assert not row_of(championed, "payments").stale
    monkeypatch.setattr(clock, "now", lambda: monday(13))
    assert row_of(championed, "payments").stale


def test_a_registry_that_does_not_answer_makes_nobody_green(
    championed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    found = row_of(championed, "payments")
    assert found.outcome == "inconclusive"
    assert found.unwatched
    assert "the registry could not be read" in (found.problem or "")


def test_a_ledger_that_cannot_be_read_is_a_problem_of_its_model(championed: Path) -> None:
    registry = open_registry(Workspace(championed))
    broken = json.dumps({"number": "not an entry"})
    registry.tag_model("payments", ModelTags(ledger={"999999": broken}))
    assert "cannot be read" in (row_of(championed, "payments").problem or "")
