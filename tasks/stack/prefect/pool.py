"""The work pool: created, held while a stack goes down, and let go again."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.stack.health import answers, prefect_at
from tasks.stack.services import POOL, StackFolder

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


def create_pool(client: "SyncPrefectClient") -> bool:
    """Create the work pool; say whether it was missing. One that is there stays as it is."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    try:
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type="process", base_job_template=template)
        )
    except ObjectAlreadyExists:
        return False
    return True


def hold_pool(folder: StackFolder) -> None:
    """Let no worker take another run; a server that does not answer gives out none.

    A worker that is told to end kills its runs, so it may only be told when they have ended.
    """
    from httpx import HTTPError
    from prefect.exceptions import ObjectNotFound

    api = _api(folder)
    if api is None or not answers(f"{api}/health"):
        return
    with suppress(HTTPError, ObjectNotFound), prefect_at(api) as client:
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


def _api(folder: StackFolder) -> str | None:
    try:
        services = json.loads(folder.services.read_text())
        return str(services["keeper"]["environment"]["PREFECT_API_URL"])
    except (OSError, ValueError, KeyError):
        return None
