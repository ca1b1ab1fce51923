"""Slots of a model: one run at a time moves its alias, sends messages, or makes a snapshot.

To take a slot raises `UnavailableError` if another run holds it for too long.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Literal, Protocol

from driftloop.base.errors import UnavailableError
from driftloop.base.workspace import Workspace
from tasks.coordination.file_lock import file_lock
from tasks.coordination.lease import LEASE_SECONDS, Lease, take_lease
from tasks.coordination.place import place_of
from tasks.registry.memory import in_memory
from tasks.runtime.job import Job
from tasks.runtime.prefect_api import own_server

LOCK_SECONDS = 120

Kind = Literal["promote", "deliver", "snapshot"]
_WORK: dict[Kind, str] = {"promote": "promotion", "deliver": "delivery", "snapshot": "snapshot"}


class Slot(Protocol):
    """A slot that was taken."""

    def held(self) -> bool:
        """Say whether it is this process's still; `UnavailableError` where nobody knows."""


class _Kept:
    """A file's lock, which the operating system leaves to its holder, however long that sleeps."""

    def held(self) -> bool:
        return True


def slot_name(kind: Kind, model: str) -> str:
    """Return the name of a slot's Prefect limit."""
    return f"driftloop-{kind}-{model}"


def promotion_slot(job: Job) -> AbstractContextManager[Slot]:
    """Hold the model's promotion slot: only its holder moves the alias and writes the ledger."""
    return _hold(job.workspace, "promote", job.model)


def delivery_slot(workspace: Workspace, model: str) -> AbstractContextManager[Slot]:
    """Hold the right to send a model's messages."""
    return _hold(workspace, "deliver", model)


def snapshot_slot(job: Job) -> AbstractContextManager[Slot]:
    """Hold the right to make the model's snapshots on any machine.

    Without a shared Prefect server it is a lock on this machine only; where another machine pushed
    first, Git then refuses the push.
    """
    return _hold(job.workspace, "snapshot", job.model)


@contextmanager
def _hold(workspace: Workspace, kind: Kind, model: str) -> Iterator[Slot]:
    """Hold a slot: a Prefect limit, or a file lock without a shared server.

    A temporary server ends with its run and would never free the slot of a killed one; a file
    lock is freed by the operating system. A registry in memory is not shared.
    """
    with ExitStack() as stack:  # only errors of taking the slot are about the slot
        slot: Slot = _Kept()
        if in_memory(workspace) is None:
            if own_server():
                slot = _take_limit(stack, kind, model)
            else:
                _take_file(stack, workspace, kind, model)
            if kind != "snapshot":  # that one is of the data, whose Git remote decides at last
                place_of(workspace, model)
        yield slot


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


def _take_limit(stack: ExitStack, kind: Kind, model: str) -> Lease:
    from httpx import HTTPError

    name = slot_name(kind, model)
    try:
        lease = take_lease(name, LOCK_SECONDS)
    except TimeoutError as error:
        raise UnavailableError(
            f"another {_WORK[kind]} of {model} has held the slot {name!r} for {LOCK_SECONDS} "
            f"s; if no run is under way, free it with 'prefect gcl update {name} --active-slots 0'"
        ) from error
    except HTTPError as error:
        raise UnavailableError(
            f"the Prefect server does not grant the slot {name!r} ({type(error).__name__}); "
            "nothing was changed, run it again when the server answers"
        ) from error
    stack.callback(_release, lease)
    return lease


def _release(lease: Lease) -> None:
    """Release a slot; the work done in it stands even if the server does not answer just then."""
    from httpx import HTTPError

    try:
        lease.release()
    except HTTPError as error:
        logging.getLogger("driftloop").warning(
            "the Prefect server did not release the slot %s (%s); it will be free in %d s",
            *(lease.name, type(error).__name__, LEASE_SECONDS),
        )
