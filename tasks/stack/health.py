"""Whether the services of a stack answer."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.base.errors import StackError
from tasks.stack.services import POOL, Plan, Service
from tasks.stack.supervisor import Supervisor

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

START_SECONDS = 240.0
"""A first start makes databases, on a slow machine beside other work."""
_DEAD = ("FATAL", "EXITED", "UNKNOWN")


@contextmanager
def prefect_at(api: str, auth: str | None = None) -> "Iterator[SyncPrefectClient]":
    """Let Prefect's functions, and the client that is handed out, speak to one server.

    Args:
        api: its address.
        auth: what it asks for, if it asks for anything.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    settings = {PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: auth}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        yield client


def answers(url: str, seconds: float = 5.0) -> bool:
    """Say whether an address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for(service: Service, plan: Plan, supervisor: Supervisor) -> None:
    """Return once a service that has an address answers.

    Raises:
        StackError: if it does not in time, or ends again and again; names its log.
    """
    url = service.health
    if url is not None:
        _wait(service.name, plan, supervisor, lambda: answers(url))


def wait_for_worker(
    client: "SyncPrefectClient", since: datetime, plan: Plan, supervisor: Supervisor
) -> None:
    """Return once the worker has told the server that it is there, after `since`.

    Raises:
        StackError: if it does not in time; names its log.
    """
    _wait("worker", plan, supervisor, lambda: worker_seen(client, worker_name(plan), since))


def wait_until_settled(plan: Plan, supervisor: Supervisor) -> None:
    """Return once supervisord takes no service for one that is still starting.

    Raises:
        StackError: if one ends again and again; names its log.
    """
    for name in supervisor.states():
        _wait(name, plan, supervisor, lambda name=name: _settled(supervisor, name))  # type: ignore[misc]


def _settled(supervisor: Supervisor, name: str) -> bool:
    return bool(supervisor.states().get(name, {}).get("statename") == "RUNNING")


def worker_name(plan: Plan) -> str:
    """Return what the stack's worker is called."""
    return f"{POOL}-{plan.settings.prefect_port}"


def worker_seen(client: "SyncPrefectClient", name: str, since: datetime) -> bool:
    """Say whether a worker has been heard of since a moment."""
    from httpx import HTTPError
    from prefect.exceptions import ObjectNotFound

    try:
        workers = client.read_workers_for_work_pool(POOL, limit=200)
    except (HTTPError, ObjectNotFound):
        return False
    return any(
        worker.name == name
        and worker.status == "ONLINE"
        and worker.last_heartbeat_time is not None
        and worker.last_heartbeat_time >= since
        for worker in workers
    )


def _wait(name: str, plan: Plan, supervisor: Supervisor, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + START_SECONDS
    log = plan.folder.log(name)
    while not ready():
        state = supervisor.states().get(name, {}).get("statename", "UNKNOWN")
        if state in _DEAD:
            raise StackError(f"{name} does not stay up ({state.lower()}); see {log}")
        if time.monotonic() > end:
            raise StackError(f"{name} does not answer after {START_SECONDS:.0f} s; see {log}")
        time.sleep(0.3)
