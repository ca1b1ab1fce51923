"""Backup of a stack: everything that cannot be made again, in one file."""

import hashlib
import os
import tarfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import driftloop
from driftloop.base.errors import StackError
from tasks.runtime import clock
from tasks.stack.backup.manifest import MANIFEST, BackedFile, Backup, Manifest, backup_of
from tasks.stack.backup.storage import dump
from tasks.stack.services import MLFLOW_DATABASE, Plan

Files = Mapping[str, BackedFile]
"""Files of a backup, by their names in it."""

ATTEMPTS = 3
ALSO = (
    "Git repositories and DVC data are not in it: they are in their remotes.",
    "Secrets in the environment are not in it; those in Prefect's blocks are.",
)


def back_up(plan: Plan, file: Path) -> Backup:
    """Write a backup, also while the stack runs: each database as it is at one moment.

    Databases come first and artifacts after them, so what a database names is there.

    Raises:
        StackError: if there is nothing to back up, or something cannot be read or written.
    """
    if file.exists():
        raise StackError(f"{file} is there already; name another file")
    draft = file.with_name(file.name + ".partial")
    try:
        manifest = _steady(plan, draft)
        draft.replace(file)
    except OSError as error:
        place = error.filename or file
        raise StackError(
            f"{place}: cannot be read or written ({error.strerror}); allow it or free disk space"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    parts, size = ", ".join(manifest.parts), file.stat().st_size / 1e6
    return backup_of(file, manifest, f"Backed up {parts} into {file} ({size:.1f} MB).")


def folders_of(plan: Plan) -> dict[str, Path]:
    """Return the folders that a backup holds, by their name in it."""
    state = plan.folder.state
    folders = {
        "artifacts": state / "artifacts",
        "stack-artifacts": plan.folder.root / "artifacts",
        "documents": state / "documents",
    }
    configured = plan.artifacts.removeprefix("file://")
    if "://" not in configured and Path(configured) not in folders.values():
        folders["own-artifacts"] = Path(configured)
    return folders


def _steady(plan: Plan, draft: Path) -> Manifest:
    """Begin again where a file is gone that was there: a newer one has taken its place."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _write(plan, draft)
        except FileNotFoundError:
            if not draft.parent.is_dir():
                raise
    return _write(plan, draft)


def _write(plan: Plan, draft: Path) -> Manifest:
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as raw,
        tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as archive,
        TemporaryDirectory(dir=draft.parent, prefix=".backup-") as place,
    ):
        databases = _add_databases(plan, archive, Path(place))
        folders = _add_folders(plan, archive)
        _require_registry(plan, databases, folders)
        manifest = _manifest(plan, databases, folders)
        text = Path(place) / MANIFEST
        text.write_text(manifest.model_dump_json(indent=1))
        archive.add(text, MANIFEST)
    return manifest


def _add_databases(plan: Plan, archive: tarfile.TarFile, place: Path) -> Files:
    """Add a copy of each database that is there; return the copies by the database's name."""
    added = {}
    for name, database in plan.databases.items():
        copy = place / name
        if dump(database, copy):
            added[name] = _add(archive, copy, name)
            copy.unlink()
    return added


def _add_folders(plan: Plan, archive: tarfile.TarFile) -> Mapping[str, Files]:
    """Add the files of all folders; return them by folder, those without files left out."""
    added = {}
    for name, folder in folders_of(plan).items():
        paths = {f"{name}/{path.relative_to(folder)}": path for path in _files(folder)}
        if paths:
            added[name] = {inner: _add(archive, path, inner) for inner, path in paths.items()}
    return added


def _require_registry(plan: Plan, databases: Files, folders: Mapping[str, Files]) -> None:
    """Raise `StackError` for a backup that would hold nothing, or no registry."""
    if not databases and not folders:
        raise StackError(f"{plan.folder.state}: there is nothing to back up")
    if "mlflow" not in databases:
        raise StackError(
            f"{plan.mlflow_database.masked}: MLflow's database is not there, and a backup "
            "needs the registry; name the workspace that holds it with --workspace, "
            f"or its database with {MLFLOW_DATABASE}"
        )


def _manifest(plan: Plan, databases: Files, folders: Mapping[str, Files]) -> Manifest:
    remote = "://" in plan.artifacts and not plan.artifacts.startswith("file://")
    return Manifest.model_validate(
        {
            "created": clock.now(),
            "driftloop": driftloop.__version__,
            "libraries": {name: version(name) for name in ("prefect", "mlflow")},
            "state": str(plan.folder.state),
            "databases": {name: plan.databases[name].kind for name in databases},
            "folders": tuple(folders),
            "elsewhere": (*ALSO, *([f"Artifacts are at {plan.artifacts}."] if remote else [])),
            "files": {
                name: file for part in (databases, *folders.values()) for name, file in part.items()
            },
        }
    )


def _files(folder: Path) -> list[Path]:
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _add(archive: tarfile.TarFile, path: Path, name: str) -> BackedFile:
    """Add one file and return its digest, over the very bytes that were added."""
    with path.open("rb") as file:
        reader = _Hashing(file)
        entry = archive.gettarinfo(arcname=name, fileobj=file)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        archive.addfile(entry, reader)
    return BackedFile(sha256=reader.digest.hexdigest(), size=entry.size)


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._file.read(size)
        self.digest.update(block)
        return block
