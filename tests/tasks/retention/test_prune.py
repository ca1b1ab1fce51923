"""Old runs, reports and copies are removed, and nothing that anybody needs."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from workshop import look, monday, small_config, write_config

from driftloop.alerts.blocks import Line
from driftloop.alerts.incident import AlertState, Incident, IncidentSummary
from driftloop.base.errors import ConfigError, IncompleteError, RegistryError
from driftloop.base.periods import parse_time
from driftloop.base.serialize import to_plain
from driftloop.base.tags import RunTags
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_config
from driftloop.reporting.retention import Pruning
from tasks.coordination.alert_store import change_alerts
from tasks.coordination.documents import open_documents
from tasks.coordination.place import document_of
from tasks.promotion.trial_store import Trial, end_trial, store_trial
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.reporting.history import ReportSelector, fetch_report, model_history
from tasks.reporting.run_report import MOST_PAST
from tasks.retention import prune
from tasks.runtime.step import inline

NOW = parse_time("2026-03-09T06:00")
DAY = timedelta(days=1)
KEPT = 3
Prune = Callable[..., Pruning]


def record_run(registry: Registry, kind: str, at: datetime, **tags: Any) -> str:
    """Leave a finished run with a record and a report, as a monitoring run does."""
    own = RunTags(kind=kind, key=f"{kind}-{at.isoformat()}", as_of=at, window_start=at - DAY)
    run_id = registry.open_run("payments", f"{kind} {at}", own).run_id
    registry.log(run_id, files={"report.html": "<p>" + "x" * 1000})
    registry.close_run(run_id, replace(own, **tags), {"as_of": at.timestamp()}, {"at": at})
    return run_id


@pytest.fixture
def workspace(
    empty_registry: Path, tmp_path: Path, no_server: None, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """A model with two versions, eight daily monitoring runs and a training; three are needed."""
    monkeypatch.setattr(prune, "MOST_PAST", KEPT)
    place = Workspace(tmp_path)
    shutil.copytree(empty_registry, place.state)
    registry = open_registry(place)
    registry.client.create_registered_model("payments")
    for _ in range(2):
        registry.client.create_model_version("payments", source=tmp_path.as_uri())
    record_run(registry, "retrain", NOW - 100 * DAY)
    for day in range(8):
        record_run(registry, "monitor", NOW - day * DAY)
    return place


@pytest.fixture
def pruned(workspace: Workspace) -> Prune:
    """Prune as the settings say that are given."""

    def run(dry_run: bool = False, **retention: str) -> Pruning:
        config = load_config(write_config(workspace.root, small_config(retention=retention)))
        with inline():
            return prune.prune_models(workspace, (config,), (), NOW, dry_run)

    return run


def days_of(workspace: Workspace, kind: str = "monitor") -> list[int]:
    runs = open_registry(workspace).finished("payments", kind, 99)
    return [(NOW - run.tags.as_of).days for run in runs]


def with_report(workspace: Workspace) -> list[int]:
    registry = open_registry(workspace)
    runs = registry.finished("payments", "monitor", 99)
    return [
        (NOW - run.tags.as_of).days
        for run in runs
        if registry.file(run.run_id, "report.html") is not None
    ]


def kinds_of(pruning: Pruning) -> dict[str, int]:
    return {removal.kind: removal.count for removal in pruning.removals}


def test_nothing_is_removed_unless_asked(pruned: Prune, workspace: Workspace) -> None:
    assert pruned().removals == ()
    assert days_of(workspace) == with_report(workspace) == [*range(8)]


def test_old_runs_go_with_their_files_and_the_newest_and_trainings_stay(
    pruned: Prune, workspace: Workspace
) -> None:
    registry = open_registry(workspace)
    oldest = registry.finished("payments", "monitor", 99)[-1].run_id
    folder = Path(urlparse(registry.client.get_run(oldest).info.artifact_uri).path)
    assert (folder / "record.json").is_file()
    told = pruned(dry_run=True, runs="5 days")
    assert days_of(workspace) == [*range(8)]
    done = pruned(runs="5 days")
    assert done.removals == told.removals
    (removal,) = done.removals
    assert (removal.kind, removal.count, removal.oldest) == ("runs", 2, NOW - 7 * DAY)
    assert removal.size > 2000
    assert (told.sentence, done.sentence) == (
        "2 things would be removed, 0.0 MB.",
        "2 things removed, 0.0 MB.",
    )
    assert days_of(workspace) == [*range(6)]
    assert not folder.exists()
    assert days_of(workspace, "retrain") == [100]
    assert pruned(runs="5 days").removals == ()
    pruned(runs="1 day")
    assert days_of(workspace) == [*range(KEPT)]


def test_reports_go_and_records_stay(pruned: Prune, workspace: Workspace) -> None:
    assert kinds_of(pruned(reports="2 days")) == {"reports": 5}
    assert with_report(workspace) == [0, 1, 2]
    assert days_of(workspace) == [*range(8)]
    registry = open_registry(workspace)
    (*_, oldest) = registry.finished("payments", "monitor", 99)
    assert registry.file(oldest.run_id, "record.json") is not None
    selector = ReportSelector(run_id=oldest.run_id)
    with pytest.raises(RegistryError, match=r"than `retention\.reports`"):
        fetch_report(workspace, "payments", selector, None)
    assert pruned(reports="2 days").removals == ()
    assert kinds_of(pruned(reports="1 day", runs="6 days")) == {"runs": 1, "reports": 1}
    pruned(reports="1 minute")
    assert with_report(workspace) == [0]


def test_runs_since_an_open_incident_began_stay(pruned: Prune, workspace: Workspace) -> None:
    summary = IncidentSummary("Inputs drifted", (), "", Line(()))
    since, opened_at, told = NOW - 6 * DAY, NOW - 5 * DAY, ("warning", "warning", ("drift",), "1")
    incident = Incident(1, since, opened_at, NOW, NOW, *told, summary)
    opened = AlertState((incident,))
    documents = open_documents(workspace)
    change_alerts(documents, "payments", lambda _: opened)
    assert kinds_of(pruned(runs="1 day", reports="1 day")) == {"runs": 1}
    assert with_report(workspace) == [*range(7)]
    change_alerts(documents, "payments", lambda _: AlertState())
    assert kinds_of(pruned(runs="1 day")) == {"runs": 4}


def test_runs_since_a_trial_began_stay(pruned: Prune, workspace: Workspace) -> None:
    registry = open_registry(workspace)
    trial = Trial("shadow", "k", "2", "1", NOW - 4 * DAY, None, 3, 0.95)
    store_trial(registry, "payments", trial)
    pruned(runs="1 day")
    assert days_of(workspace) == [*range(5)]
    end_trial(registry, "payments", trial, "promoted")
    pruned(runs="1 day")
    assert days_of(workspace) == [*range(KEPT)]


def test_what_was_cut_off_is_completed_by_the_next(
    pruned: Prune, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = open_registry(workspace)
    delete, calls = registry.client.delete_run, []

    def fails_later(run_id: str) -> None:
        calls.append(run_id)
        if len(calls) == 2:  # the files are gone by then, and the run is not
            raise ConnectionError("lost")
        delete(run_id)

    with monkeypatch.context() as patched:
        patched.setattr(registry.client, "delete_run", fails_later)
        with pytest.raises(IncompleteError, match=r"payments: MLflow at .* does not answer"):
            pruned(runs="1 day")
    assert days_of(workspace) == [*range(7)]
    assert kinds_of(pruned(runs="1 day")) == {"runs": 4}
    assert days_of(workspace) == [*range(KEPT)]


def test_a_model_whose_incidents_cannot_be_read_is_left_alone(
    pruned: Prune, workspace: Workspace
) -> None:
    open_documents(workspace).write(document_of("payments"), 0, "spoilt")
    with pytest.raises(IncompleteError, match="payments: The stored alerts") as failed:
        pruned(runs="1 day")
    assert isinstance(failed.value.record, Pruning)
    assert days_of(workspace) == [*range(8)]


def test_copies_on_this_machine(pruned: Prune, workspace: Workspace) -> None:
    profiles, pages = (workspace.state / name / "payments" for name in ("profiles", "reports"))
    pages.mkdir(parents=True)
    for number, days in enumerate((90, 60, 40, 1)):
        folder, page = profiles / f"{number}", pages / f"{number}.html"
        folder.mkdir(parents=True)
        (folder / "values.f64").write_bytes(b"x" * 100)
        page.write_bytes(b"x" * 10)
        for path in (folder, page):
            os.utime(path, (NOW.timestamp(), (NOW - days * DAY).timestamp()))
    done = pruned(profiles="45 days", reports="1 year")
    (removal,) = done.removals
    assert (removal.kind, removal.count, removal.size) == ("profiles", 2, 200)
    assert removal.oldest == NOW - 90 * DAY
    assert sorted(path.name for path in profiles.iterdir()) == ["2", "3"]
    assert kinds_of(pruned(profiles="1 minute", reports="50 days"))["copies of reports"] == 2
    assert sorted(path.name for path in profiles.iterdir()) == ["3"], "the newest stays"


def test_a_length_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"retention\.runs: '0 days' is not a valid length"):
        load_config(write_config(tmp_path, small_config(retention={"runs": "0 days"})))


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_after_pruning_everything_goes_on_as_before(championed: Path) -> None:
    """With a predecessor to roll back to, and a past that later runs look back on."""
    from flows.dashboard import prune as flow
    from flows.retrain import retrain
    from flows.rollback import rollback

    place = Workspace(championed)
    registry = open_registry(place)
    for number in range(MOST_PAST + 5):
        score = 0.85 + 0.0005 * (number % 40)
        tags: dict[str, Any] = {"champion": "1", "verdict": "ok", "metric": "roc_auc"}
        tags |= {"score": score, "score_low": score - 0.05, "score_high": score + 0.05}
        at = monday(20) - number * timedelta(hours=6)
        record_run(registry, "monitor", at, score_rows=400, **tags)
    look(championed, 20)
    assert retrain("payments", as_of=monday(21), workspace=str(championed)).promotion.promoted
    write_config(championed, small_config(retention={"runs": "1 day", "reports": "1 day"}))

    def monitored() -> dict[str, Any]:
        return to_plain(look(championed, 21, dry_run=True))

    before, past = monitored(), registry.past_runs("payments", monday(22))
    history = model_history(place, "payments", 60)
    told = flow("payments", dry_run=True, as_of=monday(30), workspace=str(championed))
    done = flow("payments", as_of=monday(30), workspace=str(championed))
    assert done.removals == told.removals
    assert kinds_of(done)["runs"] == 6
    assert registry.past_runs("payments", monday(22)) == past
    assert model_history(place, "payments", 60) == history
    assert monitored() == before
    look(championed, 21)
    assert fetch_report(place, "payments", ReportSelector(), None).as_of == monday(22)
    assert rollback("payments", workspace=str(championed)).version == "1"
    assert look(championed, 22).champion == "1"
