"""Slots of a model: one run at a time moves its alias, sends messages, or makes a snapshot.

To take a slot raises `UnavailableError` if another run holds it for too long.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Literal

from driftloop.base.errors import UnavailableError
from driftloop.base.workspace import Workspace
from tasks.coordination.file_lock import file_lock
from tasks.registry.memory import in_memory
from tasks.runtime.job import Job
from tasks.runtime.prefect_api import own_server

LOCK_SECONDS = 120
LEASE_SECONDS = 60
"""A run that was killed during a promotion loses its slot after this long."""
RESTART_SECONDS = 10
"""How long to wait for a server that refuses connections, each time a slot is requested."""

Kind = Literal["promote", "deliver", "snapshot"]
_WORK: dict[Kind, str] = {"promote": "promotion", "deliver": "delivery", "snapshot": "snapshot"}


def slot_name(kind: Kind, model: str) -> str:
    """Return the name of a slot's Prefect limit."""
    return f"driftloop-{kind}-{model}"


def promotion_slot(job: Job) -> AbstractContextManager[None]:
    """Hold the model's promotion slot: only its holder moves the alias and writes the ledger."""
    return _hold(job.workspace, "promote", job.model)


def delivery_slot(workspace: Workspace, model: str) -> AbstractContextManager[None]:
    """Hold the right to send a model's messages."""
    return _hold(workspace, "deliver", model)


def snapshot_slot(job: Job) -> AbstractContextManager[None]:
    """Hold the right to make the model's snapshots on any machine.

    Without a shared Prefect server it is a lock on this machine only; where another machine pushed
    first, Git then refuses the push.
    """
    return _hold(job.workspace, "snapshot", job.model)


@contextmanager
def _hold(workspace: Workspace, kind: Kind, model: str) -> Iterator[None]:
    """Hold a slot: a Prefect limit, or a file lock without a shared server.

    A temporary server ends with its run and would never free the slot of a killed one; a file
    lock is freed by the operating system. A registry in memory is not shared.
    """
    with ExitStack() as stack:  # only errors of taking the slot are about the slot
        if in_memory(workspace) is None:
            if own_server():
                _take_limit(stack, kind, model)
            else:
                _take_file(stack, workspace, kind, model)
        yield


def _take_file(stack: ExitStack, workspace: Workspace, kind: Kind, model: str) -> None:
    path = workspace.state / f"{kind}-{model}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(file_lock(path, LOCK_SECONDS, 0.2))
    except TimeoutError as error:
        raise UnavailableError(
            f"another {_WORK[kind]} of {model} has held {path} for {LOCK_SECONDS} s; run this one "
            "again when it has ended"
        ) from error


def _create_limit(name: str) -> None:
    """Create a slot's limit where it is missing, and wait for a server that is restarting."""
    from httpx import ConnectError
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectAlreadyExists

    end = time.monotonic() + RESTART_SECONDS
    while True:
        try:
            with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
                client.upsert_global_concurrency_limit_by_name(name, 1)  # another run may be first
            return
        except ConnectError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def _release(lease: AbstractContextManager[None], name: str, *problem: Any) -> bool | None:
    """Release a slot; the work done in it stands even if the server does not answer just then."""
    from httpx import HTTPError

    try:
        return lease.__exit__(*problem)
    except HTTPError as error:
        logging.getLogger("driftloop").warning(
            "the Prefect server did not release the slot %s (%s); it will be free in %d s",
            *(name, type(error).__name__, LEASE_SECONDS),
        )
        return None


def _take_limit(stack: ExitStack, kind: Kind, model: str) -> None:
    from httpx import HTTPError
    from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError
    from prefect.concurrency.sync import concurrency

    name = slot_name(kind, model)
    try:
        _create_limit(name)
        lease = concurrency(
            name,
            occupy=1,
            timeout_seconds=LOCK_SECONDS,
            lease_duration=LEASE_SECONDS,
            strict=True,
        )
        lease.__enter__()
        stack.push(partial(_release, lease, name))
    except TimeoutError as error:
        raise UnavailableError(
            f"another {_WORK[kind]} of {model} has held the slot {name!r} for {LOCK_SECONDS} "
            f"s; if no run is under way, free it with 'prefect gcl update {name} --active-slots 0'"
        ) from error
    except (HTTPError, ConcurrencySlotAcquisitionError) as error:
        raise UnavailableError(
            f"the Prefect server does not grant the slot {name!r} ({type(error).__name__}); "
            "nothing was changed, run it again when the server answers"
        ) from error
