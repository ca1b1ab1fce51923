"""The promotion slot of a model: one run at a time moves its alias or writes its ledger."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from driftloop.errors import UnavailableError
from tasks.job import Job
from tasks.memory_registry import in_memory

LOCK_SECONDS = 120
LEASE_SECONDS = 60
"""A run that was killed in mid-promotion loses its slot after this long."""


@contextmanager
def promotion_slot(job: Job) -> Iterator[None]:
    """Hold the model's promotion slot: a Prefect limit, or a file lock without a shared server.

    A temporary server ends with its run and would never free the slot of a killed one; a file
    lock is freed by the operating system. A registry in memory has nobody to share with.

    Raises:
        UnavailableError: if another promotion holds the slot for too long.
    """
    if in_memory(job.workspace) is not None:
        yield
        return
    from prefect.settings import get_current_settings

    shared = bool(get_current_settings().api.url)
    with _prefect_slot(job.model) if shared else _file_slot(job):
        yield


@contextmanager
def _file_slot(job: Job) -> Iterator[None]:
    path = job.workspace.state / f"promote-{job.model}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + LOCK_SECONDS
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise UnavailableError(
                        f"another promotion of {job.model} has held {path} for {LOCK_SECONDS} s; "
                        "run it again when that one has ended"
                    ) from error
                time.sleep(0.2)
        yield


@contextmanager
def _prefect_slot(model: str) -> Iterator[None]:
    name = f"driftloop-promote-{model}"
    with ExitStack() as stack:
        _acquire(stack, name, model)  # only what taking the slot raises is about the slot
        yield


def _acquire(stack: ExitStack, name: str, model: str) -> None:
    from httpx import HTTPError
    from prefect.client.orchestration import get_client
    from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError
    from prefect.concurrency.sync import concurrency
    from prefect.exceptions import ObjectAlreadyExists

    try:
        with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
            client.upsert_global_concurrency_limit_by_name(name, 1)  # another run may be first
        slot = concurrency(
            name,
            occupy=1,
            timeout_seconds=LOCK_SECONDS,
            lease_duration=LEASE_SECONDS,
            strict=True,
        )
        stack.enter_context(slot)
    except TimeoutError as error:
        raise UnavailableError(
            f"another promotion of {model} has held the slot {name!r} for {LOCK_SECONDS} s; if no "
            f"run is under way, free it with 'prefect gcl update {name} --active-slots 0'"
        ) from error
    except (HTTPError, ConcurrencySlotAcquisitionError) as error:
        raise UnavailableError(
            f"the Prefect server does not give the slot {name!r} ({type(error).__name__}); nothing "
            "was changed, run it again when the server answers"
        ) from error
