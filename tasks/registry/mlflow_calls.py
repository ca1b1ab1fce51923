"""MLflow calls: errors in one line, and MLflow's module-level state restored afterwards."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from driftloop.base.errors import RegistryError, UnavailableError
from driftloop.base.workspace import Workspace
from tasks.runtime.server_access import MLFLOW_VARIABLES, no_access

PAGE_SIZE = 1000
SAME_KEY = ("IntegrityError", "UniqueViolation", "UNIQUE constraint", "Duplicate entry")
T = TypeVar("T")


def all_pages(search: Callable[..., Any], **query: Any) -> Iterator[Any]:
    """Yield all results of a search, which MLflow returns in pages."""
    token = None
    while True:
        page = search(max_results=PAGE_SIZE, page_token=token, **query)
        yield from page
        token = page.token
        if not token:
            return


def put(write: Callable[..., object], *arguments: Any) -> None:
    """Write a value under a key; once more where another run wrote the same key in between.

    MLflow's store looks for the key before it inserts or updates it, so that of two runs that
    write a new key at the same moment one is refused. Its second attempt is an update.
    """
    from mlflow.exceptions import MlflowException

    try:
        write(*arguments)
    except MlflowException as error:
        if not any(sign in str(error) for sign in SAME_KEY):
            raise
        write(*arguments)


def answered(value: T, name: str, workspace: Workspace) -> T:
    """Return what MLflow answered, which has to have a value in the field `name`.

    Raises:
        UnavailableError: if it is empty, as where a proxy or another program answers in its place.
    """
    if getattr(value, name, None):
        return value
    raise UnavailableError(
        f"what answers at {workspace.tracking_uri} is no MLflow server, or a broken one: its "
        f"answer has no {name}; check MLFLOW_TRACKING_URI and what stands between"
    )


@contextmanager
def registry_errors(workspace: Workspace) -> Iterator[None]:
    """Turn what MLflow raises into one line; request bodies and data rows are left out."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    where = f"MLflow at {workspace.tracking_uri}"
    try:
        yield
    except MlflowException as error:
        line = str(error).splitlines()[0][:200]
        _check_disk(error, where)
        if error.error_code == "UNAUTHENTICATED":
            raise no_access(where, workspace, *MLFLOW_VARIABLES) from error
        if error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
            raise UnavailableError(f"{where} does not answer: {line}") from error
        raise RegistryError(f"{where} refused: {line}") from error
    except (RequestException, _database_error(), OSError) as error:
        _check_disk(error, where)
        line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnavailableError(f"{where} does not answer: {line}") from error


def _database_error() -> type[Exception]:
    """Return what a database raises; imported once something was raised, as it takes long."""
    from sqlalchemy.exc import SQLAlchemyError

    return SQLAlchemyError


def _check_disk(error: Exception, where: str) -> None:
    """Raise an error of its own for a full disk, which is fixed otherwise than a server outage."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "disk is full" in str(error):
        path = getattr(error, "filename", None) or where
        raise UnavailableError(
            f"the disk is full: {path} cannot be written; free space there and run it again"
        ) from error


@contextmanager
def mlflow_context(workspace: Workspace) -> Iterator[None]:
    """Make MLflow's module-level functions use this workspace's store.

    By its variables, where they would be taken for the user's own settings, here and by whatever is
    started: the environment is restored. A process in which somebody has set MLflow's own addresses
    needs those changed, and MLflow then imports and sets up its tracing again.
    """
    import mlflow

    names, address = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"), workspace.tracking_uri
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, address))
    if {mlflow.get_tracking_uri(), mlflow.get_registry_uri()} != {address}:
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
