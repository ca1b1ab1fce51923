"""A new workspace from a file: a Git and DVC repository with batches and a configuration.

All of it is built in a hidden folder and moved into place at the end, so that an error or
Ctrl-C leaves nothing half made.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftloop.base.environment import prepare_environment
from driftloop.base.errors import WorkspaceError
from driftloop.base.periods import every_span, naive, parse_time
from driftloop.base.workspace import NAME, Workspace
from driftloop.onboarding.infer import infer, valid_model_name
from driftloop.onboarding.templates import config_yaml, readme
from driftloop.onboarding.write import write_batches
from driftloop.snapshots.options import Inferred, Options
from driftloop.snapshots.read_table import read_table
from driftloop.snapshots.time_column import period_starts
from tasks.runtime.quiet_logger import quiet
from tasks.snapshots.git import OTHER_REPOSITORY, git

_IGNORED = "/data\n/dvc-remote\n/.driftloop\n"
_DVC_CONFIG = """\
[core]
    analytics = false
    remote = local
['remote "local"']
    url = ../dvc-remote
"""


@dataclass(frozen=True, slots=True)
class CreatedWorkspace:
    """The folder and commit of a new workspace, and what was inferred for its model."""

    root: Path
    commit: str
    batches: int
    inferred: Inferred

    @property
    def bootstrap_as_of(self) -> datetime:
        """The moment at which the labels of exactly the training part have arrived."""
        return self.inferred.label_delay.after(self.inferred.training.until)

    @property
    def newest_as_of(self) -> datetime | None:
        """The end of the newest whole period, None where none lies behind the training part."""
        inferred = self.inferred
        every = inferred.periods.every
        after_last = inferred.last + timedelta(days=1)
        end = parse_time(str(period_starts([naive(after_last)], every)[0]))
        return end if every_span(every).before(end) >= inferred.training.until else None


def create_workspace(source: Path, folder: Path, options: Options) -> CreatedWorkspace:
    """Turn a time-ordered CSV or Parquet file into a workspace with one model's configuration.

    Raises:
        DataError: if the file or an option cannot be used; nothing is written then.
        WorkspaceError: if the folder is not empty or cannot be written, or Git or DVC refuses.
    """
    folder = folder.expanduser().resolve()
    _refuse_taken(folder)
    table = read_table(source, options)
    inferred = infer(table, options)
    paths: list[Path] = []

    def write(partial: Path) -> None:
        data = partial / "data" / inferred.name
        paths.extend(write_batches(table.table, options.time, inferred.periods.every, data))
        _write_texts(partial, inferred)

    commit = build_workspace(folder, write, f"Add {inferred.name} from {source.name}")
    return CreatedWorkspace(folder, commit, len(paths), inferred)


def build_workspace(folder: Path, write: Callable[[Path], None], message: str) -> str:
    """Make a workspace of what `write` puts into a folder: all or nothing; return its commit.

    Raises:
        WorkspaceError: if the folder is not empty or cannot be written, or Git or DVC refuses.
    """
    _refuse_taken(folder)
    with _built_aside(folder) as partial:
        write(partial)
        (partial / ".gitignore").write_text(_IGNORED, encoding="utf-8")
        with _own_environment(partial):
            _version_data(partial)
            return _commit(partial, message)


def default_folder(source: Path, options: Options) -> Path:
    """Return the default folder of a workspace: the model's name, in the working directory."""
    return Path.cwd() / (options.name or valid_model_name(source.stem))


def _refuse_taken(folder: Path) -> None:
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise WorkspaceError(
                f"{folder}: already exists and is not empty; choose a new folder with --workspace"
            )
    except OSError as error:
        raise WorkspaceError(f"{folder}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _built_aside(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `folder`; after any error nothing of it is left.

    An empty folder that is there stays the same one, as it may be a mount or somebody's working
    directory: the hidden folder is then inside it and its content moves up.
    """
    parents = [parent for parent in folder.parents if not parent.exists()]
    inside = folder.is_dir()
    partial = (folder if inside else folder.parent) / f".{folder.name}.partial-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        yield partial
        if inside:
            _move_up(partial, folder)
        else:
            partial.rename(folder)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        for parent in parents:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        if isinstance(error, OSError):
            raise WorkspaceError(
                f"{folder}: cannot be written: {error.strerror or error}; choose another folder "
                "with --workspace"
            ) from error
        raise


def _move_up(partial: Path, folder: Path) -> None:
    """Move the content of a folder within `folder` up; `configs`, which makes it one, last."""
    names = sorted((path.name for path in partial.iterdir()), key=lambda name: name == "configs")
    try:
        for name in names:
            (partial / name).rename(folder / name)
    except BaseException:
        for name in names:
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).unlink(missing_ok=True)
        raise
    partial.rmdir()


def _write_texts(root: Path, inferred: Inferred) -> None:
    configs = Workspace(root).configs
    configs.mkdir()
    (configs / f"{inferred.name}.yaml").write_text(config_yaml(inferred), encoding="utf-8")
    (root / "README.md").write_text(readme(inferred), encoding="utf-8")


@contextmanager
def _own_environment(root: Path) -> Iterator[None]:
    """Let Git and DVC see this repository only and write nothing outside it, temporarily.

    DVC's site cache is keyed by the folder's path, which will change, so it is removed after. The
    state folder that ``DRIFTLOOP_STATE`` names belongs to another workspace and is left alone.
    """
    before = dict(os.environ)
    state = root / NAME
    for name in (*OTHER_REPOSITORY, "DVC_SITE_CACHE_DIR"):
        os.environ.pop(name, None)
    try:
        prepare_environment(state)
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
        shutil.rmtree(state, ignore_errors=True)


def _version_data(root: Path) -> None:
    """Make a Git and DVC repository of the folder and push ``data`` to a remote within it."""
    git(root, "init", "--quiet")
    git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with quiet("dvc"):
            Repo.init(str(root)).close()
            # DVC's own edit would take the path of the remote from the working directory.
            (root / ".dvc" / "config").write_text(_DVC_CONFIG, encoding="utf-8")
            with Repo(str(root)) as repo:
                repo.add([str(root / "data")])
                repo.push()
    except (DvcException, SCMError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise WorkspaceError(f"DVC could not add the data: {reason}") from error


def _commit(root: Path, message: str) -> str:
    """Commit everything, as the author that Git knows or else driftloop; return the sha."""
    git(root, "add", "--all")
    # Nobody is there to sign, and global hooks are meant for other repositories.
    settings = ("-c", "commit.gpgsign=false", "-c", f"core.hooksPath={os.devnull}")
    git(root, *settings, "commit", "--quiet", "--message", message, identity=True)
    return git(root, "rev-parse", "HEAD")
