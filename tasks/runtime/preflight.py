"""Preflight of a command: whether the services that it needs answer."""

import os
import socket
from urllib.parse import urlsplit

from driftloop.base.errors import UnavailableError
from driftloop.base.workspace import Workspace
from tasks.runtime.server_access import check_mlflow_access, check_prefect_access

WAIT_SECONDS = 5.0


def check_services(workspace: Workspace) -> None:
    """Check within seconds whether every configured server answers.

    Raises:
        UnavailableError: for the first that does not, with its setting and the fix.
        AccessError: for a server that requires a password, with what to source.
    """
    prefect = os.environ.get("PREFECT_API_URL")
    if prefect:
        _check(prefect, "the Prefect server", "PREFECT_API_URL", "prefect server start")
        check_prefect_access(prefect, workspace)
    if workspace.tracking_uri.startswith("http"):
        _check(workspace.tracking_uri, "MLflow", "MLFLOW_TRACKING_URI", "mlflow server")
        check_mlflow_access(workspace.tracking_uri, workspace)


def _check(address: str, who: str, variable: str, command: str) -> None:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=WAIT_SECONDS):
            return
    except OSError as error:
        raise UnavailableError(
            f"{who} at {address} does not answer ({error.strerror or error}); start it with "
            f"'{command}', or correct or unset {variable}"
        ) from error
