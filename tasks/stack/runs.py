"""Flow runs of this machine whose process is gone, such as after a power failure.

Prefect learns from a worker how a run ended. Where the worker died too, the run stays in Running.
The keeper notes which runs have a process here, and settles those that have none any more.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from tasks.stack.checks import write_private
from tasks.stack.processes import runs_of
from tasks.stack.services import StackFolder

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

MESSAGE = "The run's process is gone: it was killed, or its machine or worker went down."


def remembered(folder: StackFolder) -> set[str]:
    """Return the runs that had a process when last looked."""
    try:
        return set(json.loads((folder.root / "runs.json").read_text()))
    except (OSError, ValueError):
        return set()


def remember(folder: StackFolder, runs: Iterable[str]) -> None:
    """Note which runs have a process."""
    write_private(folder.root / "runs.json", json.dumps(sorted(runs)))


def settle_dead_runs(client: "SyncPrefectClient", folder: StackFolder) -> tuple[str, ...]:
    """Mark runs as crashed whose process was seen and is gone; return their ids.

    A run that has just ended by itself tells Prefect so before its process ends.
    """
    known, living = remembered(folder), set(runs_of(folder))
    remember(folder, known | living)
    settled = tuple(run for run in sorted(known - living) if _settle(client, UUID(run)))
    remember(folder, living)
    return settled


def _settle(client: "SyncPrefectClient", run: UUID) -> bool:
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    try:
        flow_run = client.read_flow_run(run)
    except ObjectNotFound:
        return False
    if not _unsettled(flow_run):
        return False
    children = FlowRunFilter.model_validate({"parent_flow_run_id": {"any_": [run]}})
    for unsettled in (*client.read_flow_runs(flow_run_filter=children), flow_run):
        if _unsettled(unsettled):
            client.set_flow_run_state(unsettled.id, Crashed(message=MESSAGE), force=True)
    return True


def _unsettled(run: "FlowRun") -> bool:
    """Say whether a run claims to be at work; a suspended one waits without a process."""
    state = run.state
    return state is not None and (
        state.is_running() or state.is_cancelling() or state.name == "Pending"
    )
