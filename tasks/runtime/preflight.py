"""Preflight of a command: whether the services that it needs answer."""

import os
import socket
from urllib.parse import urlsplit

from driftloop.base.errors import UnavailableError
from driftloop.base.workspace import Workspace
from tasks.runtime.server_access import check_mlflow_access, check_prefect_access

WAIT_SECONDS = 5.0
PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Ports where an address names none. MLflow itself tries a database for two minutes."""


def check_services(workspace: Workspace) -> None:
    """Check within seconds whether every configured server answers.

    Raises:
        UnavailableError: for the first that does not, with its setting and the fix.
        AccessError: for a server that requires a password, with what to source.
    """
    prefect = os.environ.get("PREFECT_API_URL")
    if prefect:
        fix = "start it with 'prefect server start'"
        _check(prefect, "the Prefect server", "PREFECT_API_URL", fix)
        check_prefect_access(prefect, workspace)
    mlflow = workspace.tracking_uri
    if mlflow.startswith("http"):
        _check(mlflow, "MLflow", "MLFLOW_TRACKING_URI", "start it with 'mlflow server'")
        check_mlflow_access(mlflow, workspace)
    else:
        _check(mlflow, "MLflow's database", "MLFLOW_TRACKING_URI", "start it")


def _check(address: str, who: str, variable: str, fix: str) -> None:
    parts = urlsplit(address)
    port = parts.port or PORTS.get(parts.scheme.partition("+")[0])
    if port is None:
        return  # a file
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=WAIT_SECONDS):
            return
    except OSError as error:
        raise UnavailableError(
            f"{who} at {address} does not answer ({error.strerror or error}); {fix}, or correct "
            f"or unset {variable}"
        ) from error
