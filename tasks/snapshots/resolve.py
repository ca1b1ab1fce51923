"""Snapshots through Git and DVC: resolving a revision, fetching batches.

`DVCFileSystem` takes no lock and reads any revision, so monitoring never blocks a writer and
never sees a dirty workspace.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from driftloop.base.data_slices import BatchFile, Snapshot
from driftloop.base.errors import (
    EmptySnapshotError,
    SnapshotError,
    UnavailableError,
    WorkspaceError,
)
from driftloop.base.workspace import Workspace
from tasks.runtime.atomic_file import write_atomically
from tasks.runtime.job import Job
from tasks.runtime.step import step

_COMMIT = re.compile(r"[0-9a-f]{40}")


@step("resolve snapshot", retries=2)
def resolve_snapshot(job: Job) -> Snapshot:
    """Return the configured data folder at the concrete commit that `job.rev` names today."""
    return snapshot_at(job, job.rev)


def snapshot_at(job: Job, rev: str) -> Snapshot:
    """Return the configured snapshot at a revision; see `open_snapshot` for what it raises."""
    return open_snapshot(_repository(job), rev, job.config.data.path)


def open_snapshot(repository: str, rev: str, path: str) -> Snapshot:
    """Return the snapshot at a revision, with the content hash of every batch.

    Raises:
        SnapshotError: if the repository, the revision or the folder does not exist.
        UnavailableError: if a remote repository does not answer.
    """
    with _snapshot_errors(repository, rev):
        sha = rev if _COMMIT.fullmatch(rev) else _resolve(repository, rev)
        return _listed(repository, sha, path)


@lru_cache(maxsize=64)
def _listed(repository: str, sha: str, path: str) -> Snapshot:
    """Return the snapshot at a commit, which never changes."""
    found = _filesystem(repository, sha).find(path, detail=True)
    files = tuple(
        BatchFile(name, entry["md5"])
        for name, entry in sorted(found.items())
        if name.endswith(".parquet") and entry.get("md5")
    )
    if not files:
        raise EmptySnapshotError(
            f"{repository}: {path!r} holds no DVC-tracked Parquet file at {sha[:10]}; check "
            "data.path, and that the .dvc file is committed"
        )
    return Snapshot(repository, sha, path, files)


def local_path(snapshot: Snapshot, file: BatchFile, workspace: Workspace) -> Path:
    """Return a local copy of a batch: DVC's cache, or one fetched once and named by content.

    Raises:
        UnavailableError: if the remote does not answer or does not hold the batch.
        SnapshotError: if what the remote sent is not what the commit names.
    """
    filesystem = _filesystem(snapshot.repository, snapshot.rev)
    cached = Path(filesystem.repo.cache.local.oid_to_path(file.md5))
    if cached.is_file():
        return cached
    target = workspace.snapshots / file.md5[:2] / f"{file.md5}.parquet"
    if not target.is_file():
        _fetch(filesystem, file, target, snapshot)
    return target


def _fetch(filesystem: Any, file: BatchFile, target: Path, snapshot: Snapshot) -> None:
    with _snapshot_errors(snapshot.repository, snapshot.rev, file.path):
        content = filesystem.cat_file(file.path)
    received = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if received != file.md5:
        raise SnapshotError(
            f"{file.path} at {snapshot.short_rev}: the remote sent content {received}, the commit "
            f"names {file.md5}; push the data again"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    except OSError as error:
        raise WorkspaceError(
            f"{target.parent} cannot be written ({error.strerror}); free disk space or make the "
            "folder writable"
        ) from error


def _repository(job: Job) -> str:
    named = job.config.data.repository
    if "://" in named or named.startswith("git@"):
        return named
    return str((job.workspace.root / Path(named).expanduser()).resolve())


@lru_cache(maxsize=16)
def _filesystem(repository: str, sha: str) -> Any:
    """Opening a repository at a commit costs a moment; a commit never changes."""
    from dvc.api import DVCFileSystem

    return DVCFileSystem(repository, rev=sha)


def _resolve(repository: str, rev: str) -> str:
    from dvc.api import DVCFileSystem

    return str(DVCFileSystem(repository, rev=rev).repo.get_rev())


@contextmanager
def _snapshot_errors(repository: str, rev: str, path: str | None = None) -> Iterator[None]:
    """Turn what DVC raises into one line that names the mend."""
    from dvc.exceptions import DvcException
    from dvc.scm import CloneError, RevError, SCMError
    from dvc_data.index import DataIndexDirError

    where = f"{repository} at {rev[:40]}"
    try:
        yield
    except RevError as error:
        raise SnapshotError(
            f"{repository}: no revision {rev!r}; name a commit, branch or tag that is in this "
            "repository ('git log --oneline' lists commits)"
        ) from error
    except CloneError as error:
        raise UnavailableError(
            f"data.repository {repository!r} cannot be read: no such folder, or the Git server "
            "does not answer"
        ) from error
    except SCMError as error:
        raise SnapshotError(f"{where}: {_line(error)}; make it a Git repository") from error
    except (DvcException, DataIndexDirError, OSError) as error:
        if path is None and not isinstance(error, DataIndexDirError):
            raise SnapshotError(f"{where}: {_line(error)}") from error
        raise UnavailableError(
            f"{path or 'the data'} of {where} is neither in the DVC cache nor to be had from the "
            "remote; run 'dvc pull' there, or check the remote in .dvc/config"
        ) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
