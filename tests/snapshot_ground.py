"""A workspace that snapshots are made in, with a bare Git remote and a folder as DVC remote."""

import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from workshop import dvc, git, write_config

from driftloop.snapshots.record import SnapshotRecord
from tasks.runtime.job import Job, load_job

ROOT = Path(__file__).parents[1]
START = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS, ROWS = 2, 40
CONFIG: dict[str, Any] = {
    "model": "payments",
    "data": {
        "path": "data/payments",
        "time": "at",
        "label": "bad",
        "positive": 1,
        "label_delay": "7 days",
        "key": "id",
    },
    "features": {"numeric": ["a", "n"], "categorical": ["c"]},
    "arrivals": {"source": {"kind": "folder", "path": "../drops", "pattern": "*.csv"}},
}


def week_rows(week: int, rows: int = ROWS, labelled: bool = True) -> pd.DataFrame:
    """The rows of one week; `n` is whole, `c` a code that begins with zeros."""
    rng = np.random.default_rng(week)
    begin = pd.Timestamp(START + timedelta(weeks=week)).tz_localize(None)
    table = pd.DataFrame(
        {
            "id": [f"w{week:02d}-{row:03d}" for row in range(rows)],
            "at": begin + pd.to_timedelta(np.sort(rng.choice(10_000, rows, replace=False)), "min"),
            "a": rng.normal(size=rows).round(3),
            "n": rng.integers(0, 9, rows),
            "c": rng.choice(["007", "042"], rows),
        }
    )
    if labelled:
        table["bad"] = rng.integers(0, 2, rows)
    return table


def build(place: Path) -> Path:
    """Make ``work`` with two weeks, and its ``remote.git``, ``store`` and ``drops`` beside it."""
    work = place / "work"
    batches = work / "data" / "payments"
    batches.mkdir(parents=True)
    for week in range(WEEKS):
        table = week_rows(week).astype({"bad": "Int64"})
        table.to_parquet(batches / f"{START + timedelta(weeks=week):%Y-%m-%d}.parquet", index=False)
    write_config(work, CONFIG)
    (work / ".gitignore").write_text("/data\n/.driftloop\n")
    (place / "drops").mkdir()
    git(work, "init", "-q", "-b", "main")
    git(work, "config", "user.name", "test")
    git(work, "config", "user.email", "test@localhost")
    dvc(work, "init")
    dvc(work, "remote", "add", "-d", "store", "../store")
    dvc(work, "add", "data")
    dvc(work, "push")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "data")
    git(place, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(work, "remote", "add", "origin", "../remote.git")
    git(work, "push", "-q", "-u", "origin", "main")
    return work


def commit_copy(work: Path, config: dict[str, Any]) -> None:
    """Commit a configuration and the batches that are there, on a branch without a remote."""
    write_config(work, config)
    (work / ".gitignore").write_text("/data\n/.driftloop\n")
    git(work, "init", "-q", "-b", "main")
    git(work, "config", "user.name", "test")
    git(work, "config", "user.email", "test@localhost")
    dvc(work, "init")
    dvc(work, "add", "data")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "data")


def moved(template: Path, place: Path) -> Path:
    """Copy what `build` made; its addresses are relative."""
    return Path(shutil.copytree(template.parent, place, symlinks=True)) / "work"


def clone(work: Path, name: str = "other") -> Path:
    """Another machine's working copy, without any data."""
    place = work.parent / name
    git(work.parent, "clone", "-q", "remote.git", name)
    git(place, "remote", "set-url", "origin", "../remote.git")
    return place


def drop(work: Path, name: str, table: pd.DataFrame) -> Path:
    """Let a CSV arrive."""
    path = work.parent / "drops" / name
    table.to_csv(path, index=False)
    return path


def job_of(work: Path, dry_run: bool = False, day: str = "2026-03-20T02:00:00Z") -> Job:
    """The job of the model on a day."""
    return load_job("payments", day, dry_run=dry_run, workspace=work)


def take(
    work: Path, source: Path | None = None, again: bool = False, **options: Any
) -> SnapshotRecord:
    """Make a snapshot with plain calls."""
    from flows.snapshot import make_snapshot
    from tasks.runtime.step import inline

    with inline():
        return make_snapshot(job_of(work, **options), source, again=again)


def rows_of(work: Path, rev: str = "HEAD") -> pd.DataFrame:
    """All committed rows, in order of their keys, as runs read them."""
    from driftloop.base.data_slices import DataSlice
    from driftloop.base.periods import Window
    from driftloop.base.windows import EARLIEST
    from tasks.snapshots.parquet import read_slice
    from tasks.snapshots.resolve import open_snapshot

    job = job_of(work)
    snapshot = open_snapshot(
        str(work), git(work, "rev-parse", f"{rev}^{{commit}}"), "data/payments"
    )
    everything = DataSlice(snapshot, Window(EARLIEST, datetime(2100, 1, 1, tzinfo=UTC)))
    columns = ("id", "a", "n", "c", "bad")
    found = read_slice(everything, columns, "at", job.workspace)
    return found.sort_values("id", ignore_index=True)


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
        "stored": sorted(map(str, filter(None, map(_stored, store.rglob("*"))))),
        "data": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((work / "data" / "payments").iterdir())
        },
    }


def _stored(path: Path) -> str | None:
    """Return the name of an object of the DVC remote whose content is what its name says."""
    name = f"{path.parent.name}{path.name}"
    if len(name.removesuffix(".dir")) != 32:
        return None  # a folder, or a file whose transfer was cut off
    good = hashlib.md5(path.read_bytes()).hexdigest() == name.removesuffix(".dir")
    return name if good else f"{name} is damaged"
