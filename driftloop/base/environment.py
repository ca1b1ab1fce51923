"""Environment defaults: no telemetry, and every library writes into the workspace only."""

import os
from pathlib import Path

from driftloop.base.workspace import DVC_SITE

THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
"""How OpenMP's threads wait for each other: asleep, after some microseconds of spinning.

Spinning as usual makes scikit-learn 30 times slower where another process has the cores; sleeping
at once makes a fit of 5,000 rows seven times slower where none has.
"""
ENVIRONMENT_DEFAULTS = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A run whose worker was killed has no terminal to print to, and must not fail for that.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "GIT_TERMINAL_PROMPT": "0",
    **THREADS,
}
"""Defaults that a user's own environment overrides."""


def prepare_environment(state: Path) -> None:
    """Set defaults before the libraries are imported; what is set already stays."""
    folders = {
        "PREFECT_HOME": "prefect",
        "DVC_SITE_CACHE_DIR": DVC_SITE,
        "MPLCONFIGDIR": "matplotlib",
        "NUMBA_CACHE_DIR": "numba",
    }
    homes = {name: str(state / folder) for name, folder in folders.items()}
    for name, value in (ENVIRONMENT_DEFAULTS | homes).items():
        os.environ.setdefault(name, value)
