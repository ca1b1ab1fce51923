"""Restoring a backup: it is checked as a whole before anything is touched."""

import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from driftloop.base.errors import StackError
from driftloop.snapshots.reading import file_digest
from tasks.registry.moved import move_addresses
from tasks.runtime import clock
from tasks.stack.backup.create import folders_of
from tasks.stack.backup.manifest import MANIFEST, Backup, Manifest, backup_of
from tasks.stack.backup.schemas import revision_of
from tasks.stack.backup.storage import load
from tasks.stack.checks import make_folders
from tasks.stack.processes import processes_of
from tasks.stack.services import Plan


def restore(plan: Plan, file: Path, force: bool) -> Backup:
    """Restore a backup; with `force`, existing state is put aside (PostgreSQL: replaced).

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
            before, after = Path(manifest.state).as_uri(), plan.folder.state.as_uri()
            if before != after:
                move_addresses(staged / "mlflow", f"{before}/", f"{after}/")
        aside = _put_aside(plan) if there else None
        _put_in_place(plan, manifest, staged)
    kept = f" What was there is in {aside}." if aside else ""
    parts, created = ", ".join(manifest.parts), manifest.created
    return backup_of(file, manifest, f"Restored {parts} of {created:%Y-%m-%d %H:%M} UTC.{kept}")


def _present(plan: Plan) -> list[str]:
    """Return what a restored backup would take the place of."""
    databases, folders = plan.databases.items(), folders_of(plan).items()
    return [
        *(name for name, database in databases if revision_of(database) is not None),
        *(name for name, folder in folders if folder.is_dir() and any(folder.iterdir())),
    ]


def _unpack(file: Path, into: Path) -> Manifest:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(into, filter="data")
        manifest = Manifest.model_validate_json((into / MANIFEST).read_text())
    except FileNotFoundError as error:
        what = "is not a whole backup (it has no manifest)" if file.exists() else "does not exist"
        raise StackError(f"{file} {what}; use a file that 'driftloop backup' wrote") from error
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:  # also of validation
        raise StackError(
            f"{file} is not a backup that this driftloop can read ({type(error).__name__}); take "
            "another one, or the driftloop that wrote it"
        ) from error
    for name, expected in manifest.files.items():
        path = into / name
        if not path.is_file() or file_digest(path) != expected.sha256:
            raise StackError(f"{file} is damaged: {name} is not what was backed up; take another")
    return manifest


def _check_kinds(plan: Plan, manifest: Manifest) -> None:
    for name, kind in manifest.databases.items():
        database = plan.databases[name]
        if kind != database.kind:
            raise StackError(
                f"the backup holds {name}'s database of {kind}, and {database.variable} points to "
                f"{database.kind}; set the variable to a database of {kind}"
            )


def _put_aside(plan: Plan) -> Path:
    """Move local state out of the way, so that nothing is lost by a mistake."""
    aside = plan.folder.state / f"before-restore-{clock.now():%Y%m%dT%H%M%S}"
    aside.mkdir(parents=True)
    for name, database in plan.databases.items():
        if not database.is_postgres:
            for suffix in ("", "-wal", "-shm"):
                path = Path(database.file + suffix)
                if path.exists():
                    shutil.move(path, aside / f"{name}.db{suffix}")
    for name, folder in folders_of(plan).items():
        if folder.is_dir():
            shutil.move(folder, aside / name)
    return aside


def _put_in_place(plan: Plan, manifest: Manifest, staged: Path) -> None:
    for name in manifest.databases:
        load(plan.databases[name], staged / name)
    targets = folders_of(plan)
    for name in manifest.folders:
        target = targets.get(name, plan.folder.root / "artifacts")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()
        shutil.move(staged / name, target)
