"""A workspace: the folder that holds the configurations, the data repository and local state."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from driftloop.base.errors import WorkspaceError

VARIABLE = "DRIFTLOOP_WORKSPACE"
STATE_VARIABLE = "DRIFTLOOP_STATE"
NAME, DVC_SITE = ".driftloop", "dvc-site"
STACK_SHELL = Path("stack", "env")
"""Below the state: what a shell sources to use the servers of ``driftloop up``."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of a workspace; everything driftloop writes locally is below ``.driftloop``.

    `scratch` puts the state elsewhere for a backtest, which leaves the workspace unchanged.
    """

    root: Path
    scratch: Path | None = None

    @property
    def configs(self) -> Path:
        """One YAML file per model."""
        return self.root / "configs"

    @property
    def state(self) -> Path:
        """Local state: databases, artifacts, caches; ``DRIFTLOOP_STATE`` puts it elsewhere."""
        if self.scratch is not None:
            return self.scratch
        return Path(os.environ.get(STATE_VARIABLE) or self.root / NAME).absolute()

    @property
    def snapshots(self) -> Path:
        """Batches fetched from a remote, named by their content."""
        return self.state / "snapshots"

    @property
    def tracking_uri(self) -> str:
        """The MLflow server or database: ``MLFLOW_TRACKING_URI``, else SQLite in the state."""
        return os.environ.get("MLFLOW_TRACKING_URI") or sqlite_address(self.state / "mlflow.db")

    @property
    def mlflow_pages(self) -> str | None:
        """The address of MLflow's pages, as it may be told; None where no server shows them."""
        address = self.tracking_uri.rstrip("/")
        return without_user(address) if address.startswith("http") else None

    def mlflow_page(self, path: str) -> str | None:
        """Return a page of MLflow's, such as ``models/<name>``, in its view of trained models.

        None where no server shows pages. MLflow opens its view of language models otherwise, and
        also for ``runs/<id>``, from where it leads on to the run's experiment without the view.
        """
        web = self.mlflow_pages
        return f"{web}/#/{path}?workflowType=machine_learning" if web else None

    @property
    def artifacts(self) -> str | None:
        """Where MLflow keeps artifacts of a local database; a server has its own location."""
        local = self.tracking_uri.startswith("sqlite:")
        return (self.state / "artifacts").as_uri() if local else None


def without_user(address: str) -> str:
    """Return an address without user and password, as a link that many may read has it."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)


def sqlite_address(path: Path) -> str:
    """Return the address of an SQLite file, with what has a meaning in an address encoded."""
    text = str(path)
    for sign, code in (("%", "%25"), ("?", "%3F"), ("#", "%23")):
        text = text.replace(sign, code)
    return f"sqlite:///{text}"


def unwritable_state(path: str | Path, error: OSError) -> str:
    """Return that a path of the state cannot be written, and what to do."""
    return (
        f"{path}: cannot be written ({error.strerror}); allow it, or set {STATE_VARIABLE} to a "
        "folder of your own"
    )


def make_state(state: Path) -> None:
    """Make a state folder that only its owner may enter: it holds what the data look like.

    A ``.driftloop`` that others could enter is closed to them. A folder of another name was
    chosen by a person, who may mean to share it.

    Raises:
        OSError: if that is not allowed.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = state.stat()
    if state.name == NAME and status.st_mode & 0o077 and status.st_uid == os.getuid():
        state.chmod(0o700)
    # DVC makes folders below it that anybody may write to.
    (state / DVC_SITE).mkdir(mode=0o700, exist_ok=True)


def find_workspace(folder: str | Path | None = None) -> Workspace:
    """Return the workspace in `folder`, in ``DRIFTLOOP_WORKSPACE``, or in or above this folder.

    Raises:
        WorkspaceError: if no such folder has ``configs/``.
    """
    named = folder or os.environ.get(VARIABLE)
    if named:
        root = Path(named).expanduser().resolve()
        if not (root / "configs").is_dir():
            raise WorkspaceError(f"{root}: not a workspace (it has no configs folder); {_HINT}")
        return Workspace(root)
    current = Path.cwd().resolve()
    for root in (current, *current.parents):
        if (root / "configs").is_dir() and (root / ".git").exists():
            return Workspace(root)
    raise WorkspaceError(f"{current}: no workspace here or above; {_HINT}")


_HINT = "give one with --workspace, or create one with 'driftloop init FILE --time COL --label COL'"
