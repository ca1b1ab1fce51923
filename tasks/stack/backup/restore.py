"""Puts a backup back: checked whole before anything is touched."""

import hashlib
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from driftloop.base.errors import StackError
from tasks.runtime import clock
from tasks.stack.backup.create import folders_of
from tasks.stack.backup.manifest import (
    DATABASES,
    MANIFEST,
    Backup,
    Manifest,
    backup_of,
    parts_of,
)
from tasks.stack.backup.schemas import revision_of
from tasks.stack.backup.storage import load, move_addresses
from tasks.stack.checks import make_folders
from tasks.stack.database_url import Database
from tasks.stack.processes import processes_of
from tasks.stack.services import MLFLOW_DATABASE, PREFECT_DATABASE, Plan

_VARIABLES = {"prefect": PREFECT_DATABASE, "mlflow": MLFLOW_DATABASE}


def restore(plan: Plan, file: Path, force: bool) -> Backup:
    """Restore a backup.

    Args:
        plan: the stack that is to have its state.
        file: the backup.
        force: whether state that is there is put aside (databases on PostgreSQL: replaced).

    Raises:
        StackError: if the stack runs, there is state already, or the backup is not whole or of
            another kind of database; nothing was changed then.
    """
    if processes_of(plan.folder):
        raise StackError("the stack is up; run 'driftloop down' first, then restore")
    there = _present(plan)
    if there and not force:
        raise StackError(
            f"there is state already ({', '.join(there)}); --force puts it aside and restores"
        )
    make_folders(plan.folder)
    with TemporaryDirectory(dir=plan.folder.root, prefix="restoring-") as place:
        staged = Path(place)
        manifest = _unpack(file, staged)
        _check_kinds(plan, manifest)
        if "mlflow" in manifest.databases and not plan.mlflow_database.is_postgres:
            before, after = (Path(one).as_uri() for one in (manifest.state, plan.folder.state))
            if before != after:
                move_addresses(staged / "mlflow", f"{before}/", f"{after}/")
        aside = _put_aside(plan) if there else None
        _put_in_place(plan, manifest, staged)
    kept = f" What was there is in {aside}." if aside else ""
    parts, made = ", ".join(parts_of(manifest)), manifest.created
    return backup_of(file, manifest, f"Restored {parts} of {made:%Y-%m-%d %H:%M} UTC.{kept}")


def _databases(plan: Plan) -> dict[str, Database]:
    return {"prefect": plan.prefect_database, "mlflow": plan.mlflow_database}


def _present(plan: Plan) -> list[str]:
    """Return what a restored backup would take the place of."""
    found = [
        name
        for name, database in _databases(plan).items()
        if revision_of(database, _VARIABLES[name]) is not None
    ]
    return found + [
        name
        for name, folder in folders_of(plan).items()
        if folder.is_dir() and any(folder.iterdir())
    ]


def _unpack(file: Path, into: Path) -> Manifest:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(into, filter="data")
        manifest = Manifest.model_validate_json((into / MANIFEST).read_text())
    except FileNotFoundError as error:
        missing = not file.exists()
        what = "is not there" if missing else "is not a whole backup (it has no manifest)"
        raise StackError(f"{file} {what}; name a file that 'driftloop backup' wrote") from error
    except (tarfile.TarError, EOFError, OSError, ValidationError, ValueError) as error:
        raise StackError(
            f"{file} is not a backup that this driftloop can read ({type(error).__name__}); take "
            "another one, or the driftloop that wrote it"
        ) from error
    for name, expected in manifest.files.items():
        path = into / name
        if not path.is_file() or _sha256(path) != expected.sha256:
            raise StackError(f"{file} is damaged: {name} is not what was backed up; take another")
    return manifest


def _check_kinds(plan: Plan, manifest: Manifest) -> None:
    for name, database in _databases(plan).items():
        kind = manifest.databases.get(name)
        if kind is not None and kind != database.kind:
            raise StackError(
                f"the backup holds {name}'s database of {kind}, and {_VARIABLES[name]} names "
                f"{database.kind}; set the variable to a database of {kind}"
            )


def _put_aside(plan: Plan) -> Path:
    """Move local state out of the way, so that nothing is lost by a mistake."""
    aside = plan.folder.state / f"before-restore-{clock.now():%Y%m%dT%H%M%S}"
    aside.mkdir(parents=True)
    for name in DATABASES:
        database = _databases(plan)[name]
        if not database.is_postgres:
            for rest in ("", "-wal", "-shm"):
                path = Path(database.file + rest)
                if path.exists():
                    shutil.move(path, aside / f"{name}.db{rest}")
    for name, folder in folders_of(plan).items():
        if folder.is_dir():
            shutil.move(folder, aside / name)
    return aside


def _put_in_place(plan: Plan, manifest: Manifest, staged: Path) -> None:
    for name in manifest.databases:
        load(_databases(plan)[name], staged / name)
    targets = folders_of(plan)
    for name in manifest.folders:
        target = targets.get(name, plan.folder.root / "artifacts")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()
        shutil.move(staged / name, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
