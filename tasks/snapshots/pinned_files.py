"""Pinned data: what a pin says, compared with what was meant and with what the remote holds.

DVC answers from notes that a killed run may have left wrong, so it is not asked: the directory
object is read as the file that it is, and the remote is asked for each object.

Functions raise `SnapshotError` where something is lacking or damaged.
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from driftloop.base.errors import SnapshotError
from tasks.snapshots.resolve import content_md5, md5_of_file
from tasks.snapshots.working_copy import WorkingCopy, dvc


def difference_from_meant(copy: WorkingCopy, staged: Mapping[str, Path]) -> str | None:
    """Say how what was added differs from the committed data with the staged batches in them.

    The staged batches have to be in DVC's cache as they are; one that is damaged there is deleted.
    """
    inner = PurePosixPath(copy.folder).relative_to(copy.tracked)
    hashes = {str(inner / name): md5_of_file(path) for name, path in staged.items()}
    pin = (copy.root / copy.pin).read_text(encoding="utf-8")
    with dvc(copy) as repo:
        before = _files(copy, repo, copy.git("show", f"HEAD:{copy.pin}")) if copy.pinned else {}
        added = _files(copy, repo, pin)
        cached = {name: Path(repo.cache.local.oid_to_path(oid)) for name, oid in added.items()}
    meant = {**before, **hashes}
    for name in sorted(meant.keys() | added.keys()):
        if meant.get(name) != added.get(name):
            return f"{name}: is {added.get(name, 'not there')}, not {meant.get(name, 'left out')}"
    for name, oid in hashes.items():
        if not cached[name].is_file() or md5_of_file(cached[name]) != oid:
            cached[name].unlink(missing_ok=True)
            return f"{name}: is not in the cache as it was staged"
    return None


def complete_remote(copy: WorkingCopy) -> tuple[str, ...]:
    """Push what the DVC remote lacks of the pin, and return what it lacks then.

    DVC itself takes all files of a folder for pushed once the remote has its directory object. A
    remote that keeps versions of its own holds no objects by MD5, and is not asked.
    """
    pin = (copy.root / copy.pin).read_text(encoding="utf-8")
    with dvc(copy) as repo:
        remote = repo.cloud.get_remote(copy.dvc_remote)
        if remote.fs.version_aware or remote.worktree:
            return ()
        names = {oid: name for name, oid in _files(copy, repo, pin).items()}
        lacking = names.keys() - set(remote.odb.list_oids_exists(sorted(names)))
        names[directory := str(_output(copy, pin)["md5"])] = copy.tracked
        if _content(remote.odb, directory) is None:
            lacking.add(directory)
        for oid in sorted(lacking):
            cached = Path(repo.cache.local.oid_to_path(oid))
            if cached.is_file():
                remote.odb.add(str(cached), repo.cache.local.fs, oid, check_exists=False)
        lacking -= set(remote.odb.list_oids_exists(sorted(lacking)))
    return tuple(sorted(names[oid] for oid in lacking))


def _files(copy: WorkingCopy, repo: Any, pin: str) -> dict[str, str]:
    """Return the MD5 of each file of a pin, by its path in the tracked folder."""
    output = _output(copy, pin)
    if "files" in output:
        return {str(file["relpath"]): str(file["md5"]) for file in output["files"]}
    name, own = str(output["md5"]), output.get("hash") == "md5"
    content = _content(repo.cache.local if own else repo.cache.legacy, name)
    if content is None and copy.push:  # DVC reads it there, and does not always keep it
        remote = repo.cloud.get_remote(copy.dvc_remote)
        content = _content(remote.odb if own else remote.legacy_odb, name)
    if content is None:
        raise SnapshotError(
            f"{copy.root / copy.pin}: names {name}, which says which files the data are and is "
            "neither in the cache nor on the remote as it should be; run 'dvc pull'"
        )
    return {entry["relpath"]: entry["md5"] for entry in json.loads(content)}


def _content(store: Any, name: str) -> bytes | None:
    """Return an object of a store; None where it is not there as its name says."""
    try:
        content = bytes(store.fs.cat_file(store.oid_to_path(name)))
    except FileNotFoundError:
        return None
    md5 = content_md5(content).hexdigest()
    return content if md5 == name.removesuffix(".dir") else None


def _output(copy: WorkingCopy, pin: str) -> dict[str, Any]:
    """Return what a pin says of the tracked folder."""
    try:
        output: dict[str, Any] = yaml.safe_load(pin)["outs"][0]
        return output
    except (yaml.YAMLError, LookupError, TypeError) as error:
        raise SnapshotError(
            f"{copy.root / copy.pin}: is not a DVC file; undo its change"
        ) from error
