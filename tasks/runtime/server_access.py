"""Access to the configured servers: are this process's credentials accepted, asked first of all."""

import base64
import os
import urllib.error
import urllib.request

from driftloop.base.errors import AccessError, UnavailableError
from driftloop.base.workspace import STACK_SHELL, Workspace

PREFECT_VARIABLES = ("PREFECT_API_AUTH_STRING",)
MLFLOW_VARIABLES = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
SECONDS = 20.0


def check_prefect_access(api: str, workspace: Workspace) -> None:
    """Check that Prefect's server takes the credentials; `AccessError` says what to source."""
    address = f"{api.rstrip('/')}/admin/version"
    if not _refuses(address, os.environ.get("PREFECT_API_AUTH_STRING")):
        return
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY  # slow: may be a profile

    if not PREFECT_API_KEY.value() and _refuses(address, PREFECT_API_AUTH_STRING.value()):
        raise no_access(f"the Prefect server at {api}", workspace, *PREFECT_VARIABLES)


def check_mlflow_access(uri: str, workspace: Workspace) -> None:
    """Check that MLflow's server takes the credentials; `AccessError` says what to source."""
    address = f"{uri.rstrip('/')}/version"
    if not _refuses(address, _pair(*map(os.environ.get, MLFLOW_VARIABLES))):
        return
    from mlflow.utils.credentials import read_mlflow_creds  # slow: may be in a file

    token = os.environ.get("MLFLOW_TRACKING_TOKEN") or os.environ.get("MLFLOW_TRACKING_AUTH")
    if not token and _refuses(address, _pair(*read_mlflow_creds())):
        raise no_access(f"MLflow at {uri}", workspace, *MLFLOW_VARIABLES)


def no_access(who: str, workspace: Workspace, *variables: str) -> AccessError:
    """Return the error of a server that asks for a password; it shows none."""
    shell = workspace.state.resolve() / STACK_SHELL
    return AccessError(
        f"{who} requires a password, and got none or a wrong one; for the stack of 'driftloop up' "
        f"run 'source {shell}' in this shell, for another server set {' and '.join(variables)}"
    )


def basic_header(auth: str) -> str:
    """Return the header that authorises `user:password`."""
    return f"Basic {base64.b64encode(auth.encode()).decode()}"


def _pair(user: str | None, password: str | None) -> str | None:
    return f"{user}:{password}" if user and password else None


def _refuses(address: str, auth: str | None) -> bool:
    """Say whether an address answers with 401; any other error is raised where it matters.

    Raises:
        UnavailableError: if it takes the call and says nothing.
    """
    headers = {"Authorization": basic_header(auth)} if auth else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - as configured
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except (OSError, ValueError) as error:
        if isinstance(error, TimeoutError) or isinstance(
            getattr(error, "reason", None), TimeoutError
        ):
            raise UnavailableError(
                f"{address} takes the call and does not answer within {SECONDS:.0f} s; restart the "
                "server there, or correct its address in the environment"
            ) from error
        return False
