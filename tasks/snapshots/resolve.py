"""Snapshots through Git and DVC: resolving a revision, fetching batches.

`DVCFileSystem` takes no lock and reads any revision, so monitoring never blocks a writer and
never sees a dirty workspace.

`SnapshotError` is raised where a repository, a revision or a folder does not exist, or a remote has
other content than the commit; `UnavailableError` where a remote does not answer or lacks a batch.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
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
from tasks.runtime.redaction import redact
from tasks.runtime.step import step

_COMMIT = re.compile(r"[0-9a-f]{40}")
content_md5 = partial(hashlib.md5, usedforsecurity=False)
"""The hash by which DVC names what a file holds."""


@step("resolve snapshot", retries=2)
def resolve_snapshot(job: Job) -> Snapshot:
    """Return the configured data folder at the commit that `job.rev` points to today."""
    return snapshot_at(job, job.rev)


def snapshot_at(job: Job, rev: str) -> Snapshot:
    """Return the configured snapshot at a revision."""
    return open_snapshot(repository_of(job), rev, job.config.data.path)


def open_snapshot(repository: str, rev: str, path: str) -> Snapshot:
    """Return the snapshot at a revision, with the content hash of every batch."""
    from dvc.api import DVCFileSystem

    with _snapshot_errors(repository, rev):
        if not _COMMIT.fullmatch(rev):
            rev = str(DVCFileSystem(repository, rev=rev).repo.get_rev())
        return _listed(repository, rev, path)


@lru_cache(maxsize=64)
def _listed(repository: str, sha: str, path: str) -> Snapshot:
    """Return the snapshot at a commit, which never changes."""
    entries = _filesystem(repository, sha, path).find(path, detail=True)
    files = tuple(
        BatchFile(name, entry["md5"])
        for name, entry in sorted(entries.items())
        if name.endswith(".parquet") and entry.get("md5")
    )
    if not files:
        raise EmptySnapshotError(
            f"{repository}: {path!r} holds no DVC-tracked Parquet file at {sha[:10]}; check "
            "data.path, and that the .dvc file is committed"
        )
    return Snapshot(repository, sha, path, files)


def local_path(snapshot: Snapshot, file: BatchFile, workspace: Workspace) -> Path:
    """Return a local copy of a batch: DVC's cache, or one fetched once and named by content."""
    filesystem = _filesystem(snapshot.repository, snapshot.rev, snapshot.path)
    cached = Path(filesystem.repo.cache.local.oid_to_path(file.md5))
    if cached.is_file():
        if (md5 := _md5_of(cached)) == file.md5:
            return cached
        raise SnapshotError(
            f"{file.path} at {snapshot.short_rev}: its copy in the DVC cache is damaged (its MD5 "
            f"is {md5}, the commit has {file.md5}); delete {cached} and run 'dvc pull' there"
        )
    target = workspace.snapshots / file.md5[:2] / f"{file.md5}.parquet"
    if not target.is_file() or _md5_of(target) != file.md5:
        _fetch(filesystem, file, target, snapshot)
    return target


def _md5_of(path: Path) -> str:
    """Return the MD5 of a batch, which a process computes once unless the file changes."""
    status = path.stat()
    return _md5(path, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _md5(path: Path, *_identity: int) -> str:
    return md5_of_file(path)


def md5_of_file(path: Path) -> str:
    """Return the MD5 of a file's content, by which DVC names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, content_md5).hexdigest()


def _fetch(filesystem: Any, file: BatchFile, target: Path, snapshot: Snapshot) -> None:
    with _snapshot_errors(snapshot.repository, snapshot.rev, file.path):
        content = filesystem.cat_file(file.path)
    received = content_md5(content).hexdigest()
    if received != file.md5:
        raise SnapshotError(
            f"{file.path} at {snapshot.short_rev}: the remote sent content {received}, the commit "
            f"has {file.md5}; push the data again"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    except OSError as error:
        raise WorkspaceError(
            f"{target.parent} cannot be written ({error.strerror}); free disk space or make the "
            "folder writable"
        ) from error


def repository_of(job: Job) -> str:
    """Return the repository of a job's data: a URL, or a folder's whole path."""
    repository = job.config.data.repository
    if is_remote(repository):
        return repository
    return str((job.workspace.root / Path(repository).expanduser()).resolve())


def is_remote(repository: str) -> bool:
    """Say whether a repository is read from a Git server."""
    return "://" in repository or repository.startswith("git@")


@lru_cache(maxsize=16)
def _filesystem(repository: str, sha: str, path: str) -> Any:
    """Open a repository at a commit, which costs a moment; a commit never changes.

    Where a `.dvc` file tracks the path, DVC is shown that one alone: it would read every one of the
    repository's, of which there may be one for each of a thousand models.
    """
    from dvc.api import DVCFileSystem
    from dvc.repo.index import Index

    filesystem = DVCFileSystem(repository, rev=sha)
    repo, whole = filesystem.repo, PurePosixPath(path)
    for tracked in (whole, *whole.parents):
        pin = repo.fs.join(repo.root_dir, f"{tracked}.dvc")
        if tracked.name and repo.fs.isfile(pin):
            repo.index = Index.from_file(repo, pin)
            break
    return filesystem


@contextmanager
def _snapshot_errors(repository: str, rev: str, path: str | None = None) -> Iterator[None]:
    """Turn what DVC raises into one line with the fix."""
    from dvc.exceptions import DvcException
    from dvc.scm import CloneError, RevError, SCMError
    from dvc_data.index import DataIndexDirError

    where = f"{repository} at {rev[:40]}"
    try:
        yield
    except RevError as error:
        raise SnapshotError(
            f"{repository}: no revision {rev!r}; use a commit, branch or tag that is in this "
            "repository ('git log --oneline' lists commits)"
        ) from error
    except CloneError as error:
        raise UnavailableError(
            f"data.repository {repository!r} cannot be read: no such folder, or the Git server "
            "does not answer"
        ) from error
    except SCMError as error:
        raise SnapshotError(f"{where}: {error_line(error)}; make it a Git repository") from error
    except (DvcException, DataIndexDirError, OSError) as error:
        if path is None and not isinstance(error, DataIndexDirError):
            raise SnapshotError(f"{where}: {error_line(error)}") from error
        raise UnavailableError(
            f"{path or 'the data'} of {where} is neither in the DVC cache nor on a remote that "
            "answers; run 'dvc pull' there, or check the remote in .dvc/config"
        ) from error


def error_line(error: BaseException) -> str:
    """Return what DVC raised in one line, without passwords in addresses."""
    return redact(" ".join(str(error).split()))[:300] or type(error).__name__
