"""The work pool: created, held while a stack goes down, and let go again."""

import json
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tasks.stack.health import answers, prefect_at
from tasks.stack.services import POOL, StackFolder

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

CLOSED = ("command", "env", "working_dir")
"""What only the worker decides on."""


def pool_template() -> dict[str, Any]:
    """Return what a run's process is started from, without what would let a caller choose it.

    Whoever may start a run could otherwise have any command executed, by `command`, by variables
    such as ``PYTHONPATH`` in `env`, or by modules in a `working_dir`. The server refuses a run or a
    deployment that names a variable which is not there.
    """
    from prefect.workers.process import ProcessWorker

    template = deepcopy(ProcessWorker.get_default_base_job_template())
    for name in CLOSED:
        template["job_configuration"].pop(name, None)
        template["variables"]["properties"].pop(name, None)
    template["variables"]["additionalProperties"] = False
    return template


def create_pool(client: "SyncPrefectClient") -> str:
    """Create the work pool, or give the one that is there its template; say which of them."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    template = pool_template()
    try:
        there = client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type="process", base_job_template=template)
        )
        return "created"
    if there.base_job_template == template:
        return "there"
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))
    return "brought up to date"


def hold_pool(folder: StackFolder) -> None:
    """Let no worker take another run; a server that does not answer gives out none.

    A worker that is told to end kills its runs, so it may only be told when they have ended.
    """
    from httpx import HTTPError
    from prefect.exceptions import ObjectNotFound

    server = _server(folder)
    if server is None or not answers(f"{server[0]}/health"):
        return
    with suppress(HTTPError, ObjectNotFound), prefect_at(*server) as client:
        if not client.read_work_pool(POOL).is_paused:  # what a person has paused stays paused
            folder.held.touch()
            _pause(client, True)


def let_go(client: "SyncPrefectClient", folder: StackFolder) -> None:
    """Let workers take runs again, if it was `down` that held the pool."""
    if folder.held.exists():
        _pause(client, False)
        folder.held.unlink(missing_ok=True)


def _pause(client: "SyncPrefectClient", paused: bool) -> None:
    from prefect.client.schemas.actions import WorkPoolUpdate

    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=paused))


def _server(folder: StackFolder) -> tuple[str, str | None] | None:
    """Return the address of the stack's Prefect server, and what it asks for."""
    try:
        own = json.loads(folder.services.read_text())["keeper"]["environment"]
        return own["PREFECT_API_URL"], own.get("PREFECT_API_AUTH_STRING")
    except (OSError, ValueError, KeyError):
        return None
