"""The working copy that snapshots are made in: a Git branch, and the folder that DVC tracks.

Functions raise `SnapshotError` where Git or DVC refuses, and `UnavailableError` where batches are
neither in the cache nor on the remote, or a remote or a lock cannot be reached.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from driftloop.base.errors import ConfigError, DriftloopError, SnapshotError, UnavailableError
from tasks.runtime.job import Job
from tasks.snapshots.git import git, try_git
from tasks.snapshots.resolve import error_line, is_remote, repository_of


@dataclass(frozen=True)
class WorkingCopy:
    """The repository of the data: its folder, its branch, and what DVC tracks there."""

    root: Path
    folder: str
    tracked: str
    branch: str
    git_remote: str | None
    dvc_remote: str | None
    push: bool

    @property
    def pin(self) -> str:
        """The file that Git keeps of the data."""
        return f"{self.tracked}.dvc"

    @property
    def target(self) -> str:
        """The pin with its whole path: DVC takes others from the working directory."""
        return str(self.root / self.pin)

    @property
    def ignoring(self) -> str:
        """The file in which DVC tells Git to leave the data alone."""
        return str(Path(self.tracked).parent / ".gitignore")

    @property
    def data(self) -> Path:
        """The folder of the batches."""
        return self.root / self.folder

    @property
    def head(self) -> str:
        """The commit the branch is at."""
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str, identity: bool = False) -> str:
        """Return what Git prints; see `tasks.snapshots.git`. It raises `SnapshotError`."""
        return git(self.root, *words, identity=identity, error=SnapshotError)

    @cached_property
    def state(self) -> Path:
        """What a run keeps until it is done, in the Git folder of this working copy."""
        folder = self.root / self.git("rev-parse", "--git-dir")
        (folder / "driftloop").mkdir(exist_ok=True)
        return folder / "driftloop"

    @property
    def journal(self) -> Path:
        """Says, while it is there, that what differs from the commit is a run's own doing."""
        return self.state / "snapshot.json"

    @property
    def staging(self) -> Path:
        """Where batches are made before they go to the data."""
        return self.state / "staging"

    @property
    def pinned(self) -> bool:
        """Whether the commit holds data already."""
        return not try_git(self.root, "cat-file", "-e", f"HEAD:{self.pin}")[0]


def working_copy(job: Job) -> WorkingCopy:
    """Return the working copy of a job's data.

    Raises:
        ConfigError: if the data are read from a URL.
        SnapshotError: if it is not a Git and DVC repository, or on no branch.
    """
    repository, arrivals = repository_of(job), job.config.arrivals
    if is_remote(repository):
        raise ConfigError(
            f"data.repository is {repository!r}, and a snapshot needs a working copy; clone it and "
            "set data.repository to the folder"
        )
    root = Path(repository)
    for part, command in ((".git", "git init"), (".dvc", "dvc init")):
        if not (root / part).exists():
            raise SnapshotError(f"{root}: has no {part}; make it one with '{command}'")
    code, branch, _ = try_git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    if code:
        raise SnapshotError(f"{root}: is on no branch (HEAD is detached); run 'git switch main'")
    if try_git(root, "rev-parse", "--verify", "--quiet", "HEAD")[0]:
        raise SnapshotError(f"{root}: holds no commit yet; commit the configuration first")
    remotes = git(root, "remote", error=SnapshotError).split()
    remote = arrivals.git_remote if arrivals.push and arrivals.git_remote in remotes else None
    folder = PurePosixPath(Path(job.config.data.path).as_posix().strip("/"))
    # DVC tracks the folder of the data, or one above it.
    above = (parent for parent in (folder, *folder.parents) if parent.name)
    tracked = next((place for place in above if (root / f"{place}.dvc").is_file()), folder)
    names = (str(folder), str(tracked), branch)
    return WorkingCopy(root, *names, remote, arrivals.remote, arrivals.push)


def restore(copy: WorkingCopy) -> None:
    """Bring data and pin back to what is committed, after a run that was cut off."""
    if not copy.journal.is_file():
        return
    journal = json.loads(copy.journal.read_text(encoding="utf-8"))
    undone = journal["undone"]
    if undone and try_git(copy.root, "merge-base", "--is-ancestor", undone, "HEAD")[0]:
        try_git(copy.root, "tag", "--delete", undone)
    pins = (copy.pin,) if copy.pinned else (copy.pin, copy.ignoring)
    for name in (*pins, *journal.get("updated", ())):
        if not try_git(copy.root, "cat-file", "-e", f"HEAD:{name}")[0]:
            copy.git("checkout", "--quiet", "HEAD", "--", name)
        else:
            copy.git("rm", "--quiet", "--cached", "--ignore-unmatch", "--", name)
            (copy.root / name).unlink(missing_ok=True)
    if copy.pinned:
        check_out(copy)
    else:
        shutil.rmtree(copy.root / copy.tracked, ignore_errors=True)
    copy.journal.unlink()


def write_journal(copy: WorkingCopy, undone: str = "", updated: Sequence[str] = ()) -> None:
    """Say that from now on what differs from the commit is this run's doing.

    `undone` is a tag whose commit is about to be taken back; `updated` are the files that Git is
    about to bring to another commit.
    """
    partial = copy.journal.with_suffix(".partial")
    partial.write_text(json.dumps({"undone": undone, "updated": updated}), encoding="utf-8")
    partial.replace(copy.journal)


def close_journal(copy: WorkingCopy) -> None:
    """Say that what is there is committed."""
    copy.journal.unlink(missing_ok=True)
    shutil.rmtree(copy.staging, ignore_errors=True)


@contextmanager
def taken_back(copy: WorkingCopy) -> Iterator[None]:
    """Take back what is not committed where anything fails; else the next run does."""
    try:
        yield
    except BaseException:
        shutil.rmtree(copy.staging, ignore_errors=True)
        with suppress(DriftloopError):
            restore(copy)
        raise


def check_clean(copy: WorkingCopy) -> None:
    """Refuse changes of the data that nobody committed; they are not a snapshot's to decide on."""
    if not copy.pinned:
        if copy.data.exists() and any(copy.data.iterdir()):
            raise SnapshotError(
                f"{copy.data}: is not empty and not tracked; run 'dvc add {copy.folder}' and "
                f"commit {copy.pin}, or empty it"
            )
        if copy.git("status", "--porcelain", "--", copy.ignoring):
            raise SnapshotError(f"{copy.root / copy.ignoring}: is not committed; commit it first")
        return
    if pin_differs(copy):
        raise SnapshotError(
            f"{copy.root / copy.pin}: differs from the commit; commit it, or undo it with "
            f"'git checkout HEAD -- {copy.pin}'"
        )
    with dvc(copy) as repo:
        changes = repo.status(targets=[copy.target])
    outs = [out for parts in changes.values() for part in parts for out in part.values()]
    states = {state for out in outs if isinstance(out, dict) for state in out.values()}
    if "modified" in states:
        raise SnapshotError(
            f"{copy.root / copy.tracked}: holds changes that are not committed; commit them with "
            f"'dvc add {copy.tracked}', or undo them with 'dvc checkout {copy.pin}'"
        )


def pin_differs(copy: WorkingCopy) -> bool:
    """Return whether the pin is another than the committed one."""
    return bool(copy.git("status", "--porcelain", "--", copy.pin))


def check_out(copy: WorkingCopy) -> None:
    """Check the whole tracked folder out as committed: adding it again takes it as it is."""
    from dvc.exceptions import CheckoutError

    if not copy.pinned:
        return
    with dvc(copy) as repo:
        try:
            repo.checkout(targets=[copy.target], force=True)
        except CheckoutError:
            repo.pull(targets=[copy.target], remote=copy.dvc_remote, force=True)


def add_data(copy: WorkingCopy) -> None:
    """Add the folder as it is now to DVC's cache and to the pin."""
    with dvc(copy) as repo:
        repo.add([str(copy.root / copy.tracked)])


def push_data(copy: WorkingCopy) -> None:
    """Push the data to the DVC remote, so that nobody gets a commit without its data."""
    with dvc(copy) as repo:
        repo.push(targets=[copy.target], remote=copy.dvc_remote)


@contextmanager
def dvc(copy: WorkingCopy) -> Iterator[Any]:
    """Yield DVC's repository; what it raises becomes one line with the fix."""
    from dvc.config import NoRemoteError, RemoteNotFoundError
    from dvc.exceptions import DownloadError, DvcException, FileTransferError
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.scm import SCMError

    from tasks.runtime.quiet_logger import quiet

    try:
        with quiet("dvc"), Repo(str(copy.root)) as repo:
            yield repo
    except (NoRemoteError, RemoteNotFoundError) as error:
        raise SnapshotError(
            f"{copy.root}: DVC has no remote {copy.dvc_remote or '(default)'} to push to; add one "
            "with 'dvc remote add -d NAME URL', or set arrivals.push: false"
        ) from error
    except LockError as error:
        raise UnavailableError(
            f"{copy.root}: another DVC command is at work there; run it again when it has ended"
        ) from error
    except (FileTransferError, DownloadError) as error:
        text = f"{copy.root}: the DVC remote does not answer: {error_line(error)}"
        raise UnavailableError(text) from error
    except (DvcException, SCMError, OSError) as error:
        raise SnapshotError(f"{copy.root}: DVC refused: {error_line(error)}") from error
