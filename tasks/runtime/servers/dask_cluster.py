"""The Dask cluster that reads and judges the partitions of large data, where one is named."""

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from driftloop.base.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from distributed import Client

VARIABLE = "DRIFTLOOP_CLUSTER"
MISSING = "needs prefect-dask; run pip install 'driftloop[distributed]'"
WAIT_SECONDS = 60.0
"""How long a cluster has to answer, and to bring its first worker."""

SPREAD_FROM = 1_000_000
"""Rows from which a slice is read by the cluster."""


def cluster_for(rows: int) -> str | None:
    """Return the address of the cluster that reads so many rows; None where none does."""
    return (os.environ.get(VARIABLE) or None) if rows >= SPREAD_FROM else None


@lru_cache(maxsize=1)
def client_of(address: str) -> "Client":
    """Return this process's client of a cluster.

    Raises:
        ConfigError: if the extra is missing.
        UnavailableError: if no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(f"{VARIABLE} {MISSING}") from None
    try:
        return Client(address, timeout=WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{VARIABLE}: no Dask scheduler at {address}: {error}") from None
