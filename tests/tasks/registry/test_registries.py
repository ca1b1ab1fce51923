"""The registry in MLflow and the one in memory answer alike."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from driftloop.base.errors import RegistryError
from driftloop.base.periods import parse_time
from driftloop.base.tags import ModelTags, RunTags, VersionTags
from driftloop.base.workspace import Workspace
from driftloop.promotion.registry_state import MOST_VERSIONS, changes, version_words
from tasks.registry.memory import memory_registry
from tasks.registry.mlflow import MlflowRegistry
from tasks.registry.mlflow_calls import mlflow_context
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry, version_with_key

MODEL = "payments"
NOW = parse_time("2026-03-09T06:00")
DAY = timedelta(days=1)


@pytest.fixture(params=["mlflow", "memory"])
def registry(
    request: pytest.FixtureRequest, empty_registry: Path, tmp_path: Path
) -> Iterator[Registry]:
    """An empty registry of either kind."""
    workspace = Workspace(tmp_path)
    if request.param == "mlflow":
        shutil.copytree(empty_registry, workspace.state)
        yield open_registry(workspace)
        return
    with memory_registry(workspace):
        yield open_registry(workspace)


def run_tags(key: str, kind: str = "monitor", at: datetime = NOW, **tags: Any) -> RunTags:
    return RunTags(kind=kind, key=key, as_of=at, window_start=at - DAY, **tags)


def run_of(registry: Registry, key: str, kind: str = "monitor", at: datetime = NOW) -> str:
    return registry.open_run(MODEL, f"{kind} {key}", run_tags(key, kind, at)).run_id


def closed(registry: Registry, key: str, kind: str, days: int, **tags: Any) -> str:
    at = NOW - days * DAY
    run_id = run_of(registry, key, kind, at)
    closing = run_tags(key, kind, at, **tags)
    registry.close_run(run_id, closing, {"as_of": at.timestamp()}, {"key": key})
    return run_id


def registered(registry: Registry, key: str = "a", **tags: Any) -> str:
    run_id = run_of(registry, key, "retrain")
    own = VersionTags(key=key, **tags)
    return registry.register(MODEL, run_id, stored_model(registry, run_id), own)


def stored_model(registry: Registry, run_id: str) -> str:
    """The id of a model without content; MLflow registers none that it does not know."""
    if not isinstance(registry, MlflowRegistry):
        return run_id
    experiment = registry.experiment(MODEL)
    made = registry.client.create_logged_model(experiment, "model", source_run_id=run_id)
    return str(registry.client.finalize_logged_model(made.model_id, "READY").model_id)


def test_an_empty_registry(registry: Registry) -> None:
    assert registry.models() == ()
    assert registry.champion(MODEL) is None
    assert registry.versions(MODEL) == {}
    assert registry.model_tags(MODEL) == ModelTags()
    assert registry.past_runs(MODEL, NOW) == ()
    assert registry.finished(MODEL, "monitor") == ()


def test_versions_are_numbered_and_carry_their_tags(registry: Registry) -> None:
    assert [registered(registry, key, as_of=NOW) for key in "abc"] == ["1", "2", "3"]
    assert registry.models() == (MODEL,)
    assert set(registry.versions(MODEL)) == {"1", "2", "3"}
    assert registry.tags(MODEL, "2") == VersionTags(key="b", as_of=NOW)
    assert registry.versions(MODEL)["2"] == registry.tags(MODEL, "2")
    assert version_with_key(registry, MODEL, "c") == "3"
    assert version_with_key(registry, MODEL, "d") is None


def test_tags_of_a_version_are_set_over_and_stay_its_own(registry: Registry) -> None:
    for key in "ab":
        registered(registry, key)
    registry.tag(MODEL, "1", VersionTags(probation="on", comparison="1", shadow_looks={"a": "x"}))
    registry.tag(MODEL, "1", VersionTags(probation="passed", shadow_looks={"b": "y"}))
    looks = {"a": "x", "b": "y"}
    expected = VersionTags(key="a", probation="passed", comparison="1", shadow_looks=looks)
    assert registry.tags(MODEL, "1") == expected
    assert registry.tags(MODEL, "2") == VersionTags(key="b")
    registry.describe(MODEL, "1", "For people.")
    assert registry.tags(MODEL, "1") == expected


def test_what_is_given_is_a_copy(registry: Registry) -> None:
    registered(registry)
    registry.versions(MODEL)["2"] = VersionTags()
    assert registry.versions(MODEL) == {"1": VersionTags(key="a")}


def test_the_alias_names_the_last_that_was_set(registry: Registry) -> None:
    for key in "ab":
        registered(registry, key)
    for version in ("1", "2", "1"):
        registry.set_champion(MODEL, version)
        found = registry.champion(MODEL)
        assert found is not None
        assert found == registry.version(MODEL, version)
    assert registry.version(MODEL, "2").run_id == run_of(registry, "b", "retrain")


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.version(MODEL, "9"),
        lambda one: one.tags(MODEL, "9"),
        lambda one: one.tag(MODEL, "9", VersionTags(by="b")),
        lambda one: one.set_champion(MODEL, "9"),
        lambda one: one.describe(MODEL, "9", "text"),
        lambda one: one.version("other", "1"),
        lambda one: one.tag_model("other", ModelTags(ledger={"a": "b"})),
        lambda one: one.log("0" * 32, metrics={"a": 1.0}),
        lambda one: one.close_run("0" * 32, run_tags("a"), {}, {}),
    ],
    ids=[
        *("version", "tags", "tag", "alias", "description", "model", "model tag"),
        *("run", "end of run"),
    ],
)
def test_what_is_not_there_is_refused(registry: Registry, ask: Any) -> None:
    registered(registry)
    with pytest.raises(RegistryError):
        ask(registry)
    assert registry.champion(MODEL) is None
    assert registry.models() == (MODEL,)


def test_tags_of_a_model(registry: Registry) -> None:
    registered(registry)
    for number, text in (("000002", "second"), ("000001", "first"), ("000001", "again")):
        registry.tag_model(MODEL, ModelTags(ledger={number: text}))
    ledger = registry.model_tags(MODEL).ledger
    assert list(ledger.items()) == [("000001", "again"), ("000002", "second")]


def test_a_run_is_found_again_by_its_key(registry: Registry) -> None:
    first = registry.open_run(MODEL, "name", run_tags("k", champion="1"))
    again = registry.open_run(MODEL, "name", run_tags("k", champion="2"))
    assert again.run_id == first.run_id
    for run in (first, again):
        assert replace(run.tags, process=None) == run_tags("k", champion="1")
    assert registry.open_run(MODEL, "name", run_tags("other")).run_id != first.run_id
    assert registry.open_run("churn", "name", run_tags("k")).run_id != first.run_id


def test_a_finished_run_is_found_too_and_may_be_closed_anew(registry: Registry) -> None:
    first = closed(registry, "k", "monitor", 1, verdict="ok")
    assert closed(registry, "k", "monitor", 1, verdict="drift") == first
    (found,) = registry.finished(MODEL, "monitor", 5)
    assert found.tags.verdict == "drift"


def test_past_runs_are_earlier_finished_and_newest_first(registry: Registry) -> None:
    closed(registry, "old", "monitor", 9, verdict="ok", action="none")
    closed(registry, "won", "retrain", 4, trained=True, won=True, by_hand=True)
    closed(registry, "poor", "retrain", 3, trained=False)
    closed(registry, "first", "bootstrap", 8, trained=True)
    closed(registry, "new", "monitor", 2, verdict="drift", held="cooldown", seen=("a", "b"))
    closed(registry, "now", "monitor", 0, verdict="drift")
    run_of(registry, "open", "monitor", NOW - DAY)
    found = registry.past_runs(MODEL, NOW)
    assert [(one.kind, (NOW - one.as_of).days) for one in found] == [
        ("monitor", 2),
        ("retrain", 4),
        ("monitor", 9),
    ]
    assert (found[0].held, found[0].seen) == ("cooldown", {"a", "b"})
    assert (found[1].won, found[1].by_hand) == (True, True)
    assert found[0].since == NOW - 3 * DAY
    assert [past_run.verdict for past_run in registry.past_runs(MODEL, NOW + DAY, limit=1)] == [
        "drift"
    ]
    assert registry.past_runs("churn", NOW) == ()


def test_of_one_moment_the_run_begun_last_comes_first(registry: Registry) -> None:
    """A retraining began after the monitoring run that started it, and is the newer of the two."""
    run_of(registry, "watch", "monitor", NOW - DAY)
    closed(registry, "train", "retrain", 1, trained=True)
    closed(registry, "watch", "monitor", 1, verdict="drift")
    assert [past_run.kind for past_run in registry.past_runs(MODEL, NOW)] == ["retrain", "monitor"]


def test_finished_runs_of_a_kind_go_by_the_moment_they_looked_at(registry: Registry) -> None:
    for key, days in (("b", 2), ("c", 1), ("a", 3)):
        closed(registry, key, "monitor", days)
    closed(registry, "t", "retrain", 0, trained=True)
    found = registry.finished(MODEL, "monitor", 2)
    assert [run.tags.key for run in found] == ["c", "b"]
    assert len(registry.finished(MODEL, "monitor")) == 1
    earlier = registry.finished(MODEL, "monitor", 5, NOW - 2 * DAY)
    assert [run.tags.key for run in earlier] == ["a"]


def test_how_every_model_stands(registry: Registry) -> None:
    version = registered(registry)
    registry.set_champion(MODEL, version)
    registry.tag_model(MODEL, ModelTags(ledger={"000001": "x"}))
    for key, days in (("b", 2), ("c", 1), ("d", 3)):
        closed(registry, key, "monitor", days, verdict="ok")
    closed(registry, "t", "retrain", 0, trained=True)
    (name,) = found = registry.overviews(2)
    assert name == MODEL
    assert found[name].champion == version
    assert found[name].tags.ledger == {"000001": "x"}
    assert [run.tags.key for run in found[name].runs] == ["c", "b"]


def test_one_that_runs_seldom_is_not_hidden_by_those_that_run_often(
    empty_registry: Path, tmp_path: Path
) -> None:
    shutil.copytree(empty_registry, Workspace(tmp_path).state)
    registry = MlflowRegistry(Workspace(tmp_path))
    for name in ("often", "seldom"):
        registry.client.create_registered_model(name)
    for model, days in (("seldom", [99]), ("often", range(1, 9))):
        for day in days:
            at = NOW - day * DAY
            tags = run_tags(f"{model}{day}", at=at)
            run = registry.open_run(model, "run", tags)
            registry.close_run(run.run_id, tags, {"as_of": at.timestamp()}, {})
    found = registry.overviews(2)
    assert [len(found[name].runs) for name in ("often", "seldom")] == [2, 1]


def test_hundreds_of_models_are_all_listed(empty_registry: Path, tmp_path: Path) -> None:
    shutil.copytree(empty_registry, Workspace(tmp_path).state)
    registry = MlflowRegistry(Workspace(tmp_path))
    for number in range(120):
        registry.client.create_registered_model(f"model-{number}")
    assert len(registry.models()) == 120
    assert len(registry.overviews()) == 120


def test_without_a_server_a_run_has_no_page(registry: Registry) -> None:
    assert registry.address(MODEL, run_of(registry, "k"), "report.html") is None


def test_files_of_a_run(registry: Registry, tmp_path: Path) -> None:
    run_id = run_of(registry, "k")
    registry.log(run_id, {"depth": 3}, {"score": 0.5}, {"plan.json": {"at": [1]}, "a/b.txt": "é"})
    assert json.loads(registry.file(run_id, "plan.json") or b"") == {"at": [1]}
    assert (registry.file(run_id, "a/b.txt") or b"").decode() == "é"
    for name in ("none.json", "a/none.txt", "none/b.txt"):
        assert registry.file(run_id, name) is None
    kept = tmp_path / "rows.npy"
    kept.write_bytes(b"\x00\x01")
    registry.store_file(run_id, kept, "training_rows")
    assert registry.file(run_id, "training_rows/rows.npy") == b"\x00\x01"
    assert registry.file(run_of(registry, "other"), "plan.json") is None


def test_the_record_of_a_closed_run(registry: Registry) -> None:
    run_id = run_of(registry, "k")
    registry.close_run(run_id, run_tags("k"), {"as_of": 1.0}, {"when": NOW, "score": 0.5})
    found = json.loads(registry.file(run_id, "record.json") or b"")
    assert found == {"when": NOW.isoformat(), "score": 0.5}


def test_folders_of_a_run(registry: Registry, tmp_path: Path) -> None:
    run_id = run_of(registry, "k")
    folder, into = tmp_path / "profile", tmp_path / "copy"
    (folder / "deep").mkdir(parents=True)
    (folder / "top.txt").write_text("top")
    (folder / "deep" / "leaf.txt").write_text("leaf")
    into.mkdir()
    assert registry.fetch_folder(run_id, "profiles/x", into) is None
    registry.store_folder(run_id, folder, "profiles/x")
    found = registry.fetch_folder(run_id, "profiles/x", into)
    assert found is not None
    assert found.is_relative_to(into)
    files = {str(path.relative_to(found)): path.read_text() for path in found.rglob("*.txt")}
    assert files == {"top.txt": "top", "deep/leaf.txt": "leaf"}


def test_what_is_removed_is_gone(registry: Registry) -> None:
    kept, gone = (closed(registry, key, "monitor", days) for key, days in (("a", 1), ("b", 2)))
    registry.log(kept, files={"report.html": "page", "deep/file.txt": "é"})
    assert registry.file_sizes(kept)["report.html"] == 4
    assert set(registry.file_sizes(kept)) == {"record.json", "report.html"}
    for _ in range(2):
        registry.remove_file(kept, "report.html")
    registry.remove_run(gone)
    (left,) = registry.finished(MODEL, "monitor", 9)
    assert (left.run_id, left.tags.removed) == (kept, ("report.html",))
    assert registry.file(kept, "record.json") is not None
    assert registry.file(kept, "report.html") is None
    assert registry.run_with_key(MODEL, "b") is None


KEYED = ("tags", "_aliases", "params")  # tables whose rows have a key of their own


@contextmanager
def another_writer_first(database: Path) -> Iterator[list[str]]:
    """Let each key that MLflow inserts be inserted by another connection just before; yield them.

    Once per table and key, as where two runs meet.
    """
    met: list[str] = []

    def before_flush(session: Session, *_: Any) -> None:
        for row in list(session.new):
            table = row.__table__
            if table.name in met or not table.name.endswith(KEYED):
                continue
            met.append(table.name)
            values = {column.name: getattr(row, column.name) for column in table.columns}
            with sqlite3.connect(database) as other:
                places = ", ".join("?" * len(values))
                insert = f"insert into {table.name} ({', '.join(values)}) values ({places})"
                other.execute(insert, [*values.values()])

    event.listen(Session, "before_flush", before_flush)
    try:
        yield met
    finally:
        event.remove(Session, "before_flush", before_flush)


def test_two_runs_may_write_the_same_key(empty_registry: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    shutil.copytree(empty_registry, workspace.state)
    registry = open_registry(workspace)
    version, run_id = registered(registry), run_of(registry, "b", "retrain")
    with another_writer_first(workspace.state / "mlflow.db") as met:
        registry.tag_model(MODEL, ModelTags(place="{}"))
        registry.tag(MODEL, version, VersionTags(by="ann"))
        registry.set_champion(MODEL, version)
        registry.log(run_id, params={"depth": 3})
        tags = RunTags(kind="retrain", key="a", as_of=NOW, sentence="done")
        registry.close_run(run_id, tags, {}, {})
    assert len(met) == 5
    run = registry.client.get_run(run_id)
    assert run.data.params == {"depth": "3"}
    assert RunTags.from_tags(run.data.tags).sentence == "done"
    assert registry.model_tags(MODEL).place == "{}"
    assert registry.tags(MODEL, version).by == "ann"
    champion = registry.champion(MODEL)
    assert champion is not None
    assert champion.version == version


def test_what_others_do_to_versions_is_seen(registry: Registry) -> None:
    """Made, observed and promoted by driftloop: no news. Deleted, edited and made by others: is."""
    for key in "abc":
        registered(registry, key, train_end=NOW, rows=100)
    before = version_words(registry.versions(MODEL))
    assert [word.split(":")[0] for word in before] == ["1", "2", "3"]
    own = VersionTags(promoted_at=NOW, comparison="{}", previous_champion="1", probation="{}")
    registry.tag(MODEL, "2", own)
    registered(registry, "d")
    now = version_words(registry.versions(MODEL))
    assert changes(before, before) is None
    assert changes(before, now) is None
    registry.tag(MODEL, "2", VersionTags(train_end=NOW + DAY))
    if isinstance(registry, MlflowRegistry):
        registry.client.delete_model_version(MODEL, "1")
        registry.client.create_model_version(MODEL, "file:///elsewhere")
    told = changes(now, version_words(registry.versions(MODEL)))
    edited = "version 2 was changed in driftloop's tags"
    if isinstance(registry, MlflowRegistry):
        others = "version 1 was deleted; version 5 was registered without driftloop"
        assert told == f"Since the last run {others}; {edited}."
    else:
        assert told == f"Since the last run {edited}."


def test_only_so_many_versions_are_remembered() -> None:
    versions = {str(number): VersionTags(key=str(number)) for number in range(1, 311)}
    words = version_words(versions)
    assert len(words) == MOST_VERSIONS
    assert (words[0].split(":")[0], words[-1].split(":")[0]) == ("11", "310")
    assert len(RunTags(kind="m", key="k", as_of=NOW, versions=words).to_tags()) == 4
    more = version_words({**versions, "311": VersionTags(key="new")})
    assert changes(words, more) is None, "the oldest is forgotten, not deleted"


def test_a_models_store_is_not_left_in_the_environment(
    empty_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "sqlite:///mine.db")
    workspace = Workspace(tmp_path)
    shutil.copytree(empty_registry, workspace.state)
    with mlflow_context(workspace):
        pass
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert os.environ["MLFLOW_REGISTRY_URI"] == "sqlite:///mine.db"
