"""Leftovers of a run that was killed in the middle of Git or DVC, cleared for the next one.

Git leaves lock files, DVC an empty list of its readers and writers, and notes of its own that say
of files what is not so: an index of a folder that was being read, hashes of files that were being
written. What a run that was cut off left is cleared; what may be another's is named.

Functions raise `UnavailableError` where a Git process is still at work.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from driftloop.base.errors import UnavailableError
from tasks.snapshots.git import try_git
from tasks.snapshots.resolve import md5_of_file
from tasks.snapshots.working_copy import WorkingCopy, dvc

WAIT_SECONDS = 10
_DIGITS = 32
_ROUNDED = 2
"""Seconds by which file systems may round the time of a file."""


def clear_after_cut_off(copy: WorkingCopy, since: float) -> None:
    """Clear what a run that began at `since` (seconds since 1970) and was cut off left behind."""
    for folder in sorted(_git_folders(copy)):
        if locks := list(_locks(folder, since)):
            _wait_for_git(copy, folder, locks[0])
        for lock in locks:
            lock.unlink(missing_ok=True)
    _clear_readers_and_writers(copy.root / ".dvc" / "tmp" / "rwlock")
    _clear_cache(copy, since)
    forget_notes(copy)


def forget_notes(copy: WorkingCopy) -> None:
    """Let DVC look at every file of the working copy and of the remote again."""
    with dvc(copy) as repo:
        notes = Path(repo.site_cache_dir)
    shutil.rmtree(notes, ignore_errors=True)


def _clear_cache(copy: WorkingCopy, since: float) -> None:
    """Remove what was being written into DVC's cache: half a directory object is taken for one."""
    with dvc(copy) as repo:
        folder = Path(repo.cache.local.path)
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        name = f"{path.parent.name}{path.name}".removesuffix(".dir")
        if len(name) != _DIGITS or path.stat().st_mtime < since - _ROUNDED:
            continue
        if md5_of_file(path) != name:
            path.unlink(missing_ok=True)


def _git_folders(copy: WorkingCopy) -> set[Path]:
    """Return where Git keeps its locks: of the working copy, and of a remote on this machine."""
    words = ("--git-dir", "--git-common-dir")
    folders = {(copy.root / copy.git("rev-parse", word)).resolve() for word in words}
    if copy.git_remote is not None:
        code, address, _ = try_git(copy.root, "remote", "get-url", "--push", copy.git_remote)
        parts = urlsplit(address)
        path = url2pathname(parts.path) if parts.scheme == "file" else address
        place = (copy.root / path).resolve()
        if not code and (place / "HEAD").is_file():
            folders.add(place)
        elif not code and (place / ".git" / "HEAD").is_file():
            folders.add(place / ".git")
    return folders


def _locks(folder: Path, since: float) -> Iterator[Path]:
    """Find Git's locks that are not older than the run."""
    for lock in (*folder.glob("*.lock"), *folder.glob("refs/**/*.lock")):
        if lock.is_file() and lock.stat().st_mtime >= since - _ROUNDED:
            yield lock


def _wait_for_git(copy: WorkingCopy, folder: Path, lock: Path) -> None:
    """Let Git end by itself where only its parent was killed."""
    end = time.monotonic() + WAIT_SECONDS
    while at_work := _git_processes(copy.root, folder):
        if time.monotonic() > end:
            raise UnavailableError(
                f"{lock}: a run was cut off, and Git (process {at_work[0]}) is still at work; run "
                "it again when that has ended"
            )
        time.sleep(0.2)


def _git_processes(*folders: Path) -> list[int]:
    import psutil  # type: ignore[import-untyped]

    pids = []
    for process in psutil.process_iter(["pid", "name", "cwd"]):
        name, cwd = process.info["name"] or "", process.info["cwd"]
        if name.startswith("git") and cwd and any(map(Path(cwd).is_relative_to, folders)):
            pids.append(int(process.info["pid"]))
    return pids


def _clear_readers_and_writers(path: Path) -> None:
    """Remove DVC's list where it was cut off while writing it; DVC reads a whole one by itself."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValueError:
        path.unlink(missing_ok=True)
