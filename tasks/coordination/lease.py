"""A slot of a Prefect limit, which the server takes back from a holder that it hears nothing of.

A process that was stopped, or a laptop that slept, does not notice that its lease ended: `held`
asks the server, and is to be asked right before and right after what only the holder may do.
"""

import threading
import time
from contextlib import suppress
from contextvars import copy_context
from uuid import UUID

from driftloop.base.errors import UnavailableError

LEASE_SECONDS = 60
"""A run that was killed during a promotion loses its slot after this long."""
RENEW_SECONDS = LEASE_SECONDS / 3
RESTART_SECONDS = 10
"""How long to wait for a server that refuses connections, each time a slot is requested."""
_GONE, _LOCKED = {404, 410}, 423


class Lease:
    """A slot that is held, and renewed from a thread of its own until it is released."""

    def __init__(self, name: str, lease_id: UUID) -> None:
        self.name = name
        self._id = lease_id
        self._released = threading.Event()
        context = copy_context()  # with the settings that name the server
        threading.Thread(target=context.run, args=(self._keep,), daemon=True).start()

    def held(self) -> bool:
        """Ask the server whether this process still has the slot, which renews it.

        Raises:
            UnavailableError: if the server does not say.
        """
        from httpx import HTTPError, HTTPStatusError
        from prefect.client.orchestration import get_client

        try:
            with get_client(sync_client=True) as client:
                client.renew_concurrency_lease(self._id, LEASE_SECONDS)
        except HTTPStatusError as error:
            if error.response.status_code in _GONE:
                return False
            raise UnavailableError(_unsaid(self.name, error)) from error
        except HTTPError as error:
            raise UnavailableError(_unsaid(self.name, error)) from error
        return True

    def release(self) -> None:
        """Free the slot; one that the server took back already is left alone."""
        from httpx import HTTPStatusError
        from prefect.client.orchestration import get_client

        self._released.set()
        try:
            with get_client(sync_client=True) as client:
                client.release_concurrency_slots_with_lease(self._id)
        except HTTPStatusError as error:
            if error.response.status_code not in _GONE:
                raise

    def _keep(self) -> None:
        while not self._released.wait(RENEW_SECONDS):
            try:
                if not self.held():
                    return
            except UnavailableError:  # the next time may be in time yet
                continue


def take_lease(name: str, seconds: float) -> Lease:
    """Wait for the one slot of a limit, which is created where it is missing.

    Raises:
        TimeoutError: if others hold it for so many seconds.
        httpx.HTTPError: if the server does not answer, or refuses.
    """
    from httpx import HTTPStatusError
    from prefect.client.orchestration import get_client

    _create_limit(name)
    end, pause = time.monotonic() + seconds, 0.1
    with get_client(sync_client=True) as client:
        while True:
            try:
                answer = client.increment_concurrency_slots_with_lease(
                    [name], 1, "concurrency", LEASE_SECONDS
                )
                return Lease(name, UUID(answer.json()["lease_id"]))
            except HTTPStatusError as error:
                if error.response.status_code != _LOCKED:
                    raise
                if time.monotonic() > end:
                    raise TimeoutError(f"{name} is held by another process") from error
            time.sleep(pause)
            pause = min(2 * pause, 1)


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


def _unsaid(name: str, error: Exception) -> str:
    return (
        f"the Prefect server does not say who holds the slot {name!r} ({type(error).__name__}); "
        "run it again when the server answers"
    )
