"""Access to a stack: one user with a generated password, and how each process gets it.

Every value here reaches a process through its environment or a private file, never its arguments.
"""

from urllib.parse import urlsplit

USER = "driftloop"
PASSWORD = "DRIFTLOOP_STACK_PASSWORD"  # noqa: S105 - the name of a variable
"""Where MLflow's server and the page's find the password that they ask for."""
CREDENTIALS = ("PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
"""What a client of Prefect and MLflow reads its credentials from."""
CLIENT = (
    *("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "PREFECT_PROFILE"),
    *CREDENTIALS,
)
"""What makes a process a client of some server, and so is not for the servers themselves."""
_LOOPBACK = ("127.0.0.1", "localhost")


def auth_string(password: str) -> str:
    """Return what Prefect takes in place of a user and a password."""
    return f"{USER}:{password}"


def client_access(password: str) -> dict[str, str]:
    """Return the variables with which commands, workers and runs may speak to the stack."""
    if not password:
        return {}
    return dict(zip(CREDENTIALS, (auth_string(password), USER, password), strict=True))


def prefect_access(password: str, address: str) -> dict[str, str]:
    """Return what makes Prefect's server ask for the password, and answer its own UI only."""
    parts, origins = urlsplit(address), [address]
    if parts.hostname in _LOOPBACK:  # this machine has two names for itself
        origins = [f"{parts.scheme}://{name}:{parts.port}" for name in _LOOPBACK]
    return {
        "PREFECT_SERVER_API_AUTH_STRING": auth_string(password),
        # Of the two names that Prefect reads, the one that wins.
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": ",".join(origins),
    }
