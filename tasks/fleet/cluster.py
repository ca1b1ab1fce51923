"""A fleet's models on the workers of a Dask cluster, which Prefect opens.

A worker has each model monitored in a process of its own, as on one machine. A worker that is lost
gives its models back to the scheduler, which hands them to others.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import uuid4

from driftloop.base.errors import ConfigError, UnavailableError
from driftloop.reporting.fleet import FleetModel
from tasks.fleet.isolated import Isolated
from tasks.runtime.servers.dask_cluster import MISSING, VARIABLE, WAIT_SECONDS

if TYPE_CHECKING:
    from distributed import Client


@lru_cache(maxsize=1)
def calls_of_worker(modules: tuple[str, ...]) -> Isolated:
    """Return the processes of this worker, which import `modules` once.

    A model that is judged by a worker does not wait for others: they may all wait as it does.
    """
    os.environ.pop(VARIABLE, None)
    return Isolated(modules)


@contextmanager
def cluster(scheduler: str | None, workers: int) -> Iterator["Client"]:
    """Yield a client of the cluster at an address, or of one here that ends with this.

    Raises:
        ConfigError: if the extra is missing.
        UnavailableError: if no scheduler answers, or no worker is there.
    """
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise ConfigError(f"--on dask {MISSING}") from None
    own = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    where = {"address": scheduler} if scheduler else {"cluster_kwargs": own}
    with DaskTaskRunner(**where, client_kwargs={"timeout": WAIT_SECONDS}) as runner:
        try:
            client: Client = runner.client
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except (OSError, ValueError) as error:  # a time-out is an OSError, too
            raise UnavailableError(
                f"no Dask cluster with a worker at {scheduler or 'this machine'}: {error}"
            ) from None
        yield client


def threads_of(client: "Client") -> int:
    """Return how many models the workers monitor at the same time."""
    return sum(client.nthreads().values())


def on_cluster(
    client: "Client",
    function: Callable[[FleetModel], FleetModel],
    members: list[FleetModel],
    stop: Callable[[], None],
) -> Generator[tuple[FleetModel, FleetModel | BaseException], None, None]:
    """Call a function with each model; yield each with its result, or its error, as they end.

    What is at work is ended by `stop`, on every worker, if this is left before its end.
    """
    from distributed import as_completed

    futures = {
        client.submit(function, member, key=f"{member.model}-{uuid4().hex}"): member
        for member in members
    }
    try:
        for future in as_completed(futures, loop=client.loop):
            yield futures[future], future.exception() or future.result()
    except BaseException:  # also Ctrl+C and a cancelled run
        client.cancel(list(futures))
        with suppress(Exception):  # the cluster itself may be gone
            client.run(stop)
        raise
