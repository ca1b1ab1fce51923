"""What a killed run left in the way of a snapshot, and what is checked before there is a commit."""

import json
import os
import subprocess
import time
from pathlib import Path
from unittest import mock

import pytest
from snapshot_ground import build, drop, moved, rows_of, state_of, take, week_rows
from workshop import git

from driftloop.base.errors import SnapshotError, UnavailableError
from tasks.snapshots import cut_off
from tasks.snapshots import take as steps

LOCKS = (
    ".git/index.lock",
    ".git/HEAD.lock",
    ".git/refs/heads/main.lock",
    "../remote.git/refs/heads/main.lock",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = build(tmp_path_factory.mktemp("cut-off") / "place")
    drop(work, "1.csv", week_rows(2))
    return work


@pytest.fixture
def work(template: Path, tmp_path: Path, no_server: None) -> Path:
    return moved(template, tmp_path / "place")


def cut(work: Path) -> Path:
    """Leave the note that a killed run leaves."""
    folder = work / ".git" / "driftloop"
    folder.mkdir(exist_ok=True)
    (folder / "holder.json").write_text(json.dumps({"model": "payments", "pid": 1, "host": "here"}))
    return folder


def test_locks_of_a_killed_run_are_cleared(work: Path) -> None:
    cut(work)
    for name in LOCKS:
        (work / name).touch()
    rwlock = work / ".dvc" / "tmp" / "rwlock"
    rwlock.write_text("")
    assert take(work).tag == "data/payments/2026-03-20"
    assert not any((work / name).exists() for name in LOCKS)
    assert "read" in json.loads(rwlock.read_text()), "whole again"
    assert state_of(work)["remote"]


def test_a_lock_that_was_there_before_the_run_is_not_touched(work: Path) -> None:
    lock = work / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 60,) * 2)
    cut(work)
    with pytest.raises(SnapshotError, match="remove the file manually to continue"):
        take(work)
    assert lock.exists()


def test_git_that_is_still_at_work_is_not_disturbed(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_off, "WAIT_SECONDS", 0.3)
    cut(work)
    (work / ".git" / "index.lock").touch()
    with subprocess.Popen(
        ["git", "cat-file", "--batch"], cwd=work, stdin=subprocess.PIPE
    ) as person:
        with pytest.raises(UnavailableError, match=rf"process {person.pid}.* is still at work"):
            take(work)
        assert (work / ".git" / "index.lock").exists()
        person.communicate(b"")
    assert take(work).tag


def test_dvc_that_adds_other_data_than_were_meant_commits_nothing(work: Path) -> None:
    old = work / "data" / "payments" / "2026-03-02.parquet"
    real = steps.add_data

    def without_a_batch(copy: object) -> None:
        old.unlink()
        real(copy)

    before = git(work, "rev-parse", "HEAD")
    with (
        mock.patch.object(steps, "add_data", without_a_batch),
        pytest.raises(SnapshotError, match=r"payments/2026-03-02\.parquet: is not there, not"),
    ):
        take(work)
    assert git(work, "rev-parse", "HEAD") == before
    assert not git(work, "status", "--porcelain")
    assert old.exists()
    assert take(work).tag
    assert len(rows_of(work)) == 120


def test_what_the_remote_lost_is_pushed_again_or_named(work: Path) -> None:
    store = work.parent / "store"
    batch = next(path for path in store.rglob("*") if path.is_file() and path.suffix != ".dir")
    cached = work / ".dvc" / "cache" / batch.relative_to(store)
    take(work)
    batch.unlink()
    drop(work, "2.csv", week_rows(3))
    take(work)
    assert batch.exists(), "although DVC had noted that it was pushed"
    batch.unlink()
    cached.unlink()
    drop(work, "3.csv", week_rows(4))
    head = git(work, "rev-parse", "HEAD")
    with pytest.raises((SnapshotError, UnavailableError)):
        take(work)
    assert git(work, "rev-parse", "HEAD") == head
