"""A snapshot that is killed at any edge and run again ends as one that nobody disturbed."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import Zygote
from snapshot_ground import build, drop, moved, week_rows
from workshop import git

EDGES = (
    ("before", "step:take arrivals"),
    ("after", "tasks.snapshots.take:merge"),
    ("before", "step:write snapshot"),
    ("after", "tasks.snapshots.take:write_journal"),
    ("after", "tasks.snapshots.take:_put"),
    ("before", "tasks.snapshots.take:add_data"),
    ("after", "tasks.snapshots.take:add_data"),
    ("before", "step:push data"),
    ("after", "tasks.snapshots.take:push_data"),
    ("before", "tasks.snapshots.take:commit_pin"),
    ("after", "tasks.snapshots.take:commit_pin"),
    ("after", "tasks.snapshots.take:set_tag"),
    ("after", "tasks.snapshots.take:close_journal"),
    ("before", "step:push snapshot"),
    ("after", "tasks.snapshots.take:push_commits"),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = build(tmp_path_factory.mktemp("snapshots") / "place")
    drop(work, "1.csv", week_rows(2, labelled=False))
    drop(work, "2.csv", week_rows(2).iloc[:7][["id", "bad"]])
    drop(work, "3.csv", week_rows(0).assign(bad=1)[["id", "bad"]])
    return work


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What a run leaves behind when nothing goes wrong."""
    return {}


def state_of(work: Path) -> dict[str, Any]:
    """Everything that is the same in each run: content, not the times of commits."""
    remote = work.parent / "remote.git"
    store = work.parent / "store"
    kept = work / ".git" / "driftloop"
    return {
        "tree": git(work, "rev-parse", "HEAD^{tree}"),
        "message": git(work, "log", "-1", "--format=%B"),
        "commits": git(work, "rev-list", "--count", "HEAD"),
        "tags": git(work, "tag", "--format=%(refname) %(objecttype) %(contents)"),
        "tagged": git(work, "rev-parse", "data/payments/2026-03-20^{commit}")
        == git(work, "rev-parse", "HEAD"),
        "remote": git(remote, "rev-parse", "main") == git(work, "rev-parse", "HEAD"),
        "remote tags": git(remote, "tag"),
        "changes": git(work, "status", "--porcelain"),
        "kept": sorted(path.name for path in kept.iterdir()),
        "stored": {str(p.relative_to(store)) for p in store.rglob("*") if p.is_file()},
        "data": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((work / "data" / "payments").iterdir())
        },
    }


@pytest.mark.parametrize(
    ("when", "edge"), EDGES, ids=lambda part: part.rpartition(":")[2].strip("_")
)
def test_killed_and_run_again(
    when: str,
    edge: str,
    template: Path,
    tmp_path: Path,
    zygote: Zygote,
    undisturbed: dict[str, Any],
) -> None:
    if not undisturbed:
        whole = moved(template, tmp_path / "whole")
        assert "Snapshot data/payments/2026-03-20" in zygote.run("snapshot", whole)["ok"]
        undisturbed.update(state_of(whole))
        assert undisturbed["kept"] == ["holder.json", "snapshot.lock"]
        assert undisturbed["tagged"]
        assert undisturbed["remote"]
    work = moved(template, tmp_path / "killed")
    killed = zygote.run("snapshot", work, {"how": "kill", "when": when, "edge": edge})
    assert killed["signal"] == 9, killed
    again = zygote.run("snapshot", work)
    assert "ok" in again, again["trace"]
    assert state_of(work) == undisturbed
