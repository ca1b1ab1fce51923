"""Flow runs whose process is gone: Prefect is told, which would else show them as running."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import FlowRun


def unsettled(run: "FlowRun") -> bool:
    """Say whether a run claims to be at work; a suspended one waits without a process."""
    state = run.state
    return state is not None and (state.is_running() or state.is_cancelling() or state.is_pending())


def settle(client: "SyncPrefectClient", message: str, *runs: "FlowRun") -> None:
    """Mark those of the runs as crashed that claim to be at work."""
    from prefect.states import Crashed

    for run in runs:
        if unsettled(run):
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)


def children_of(run: UUID, model: str | None = None) -> "FlowRunFilter":
    """Return the filter of the runs below a run, or of those of one model."""
    from prefect.client.schemas.filters import FlowRunFilter

    tagged = {"tags": {"all_": [model]}} if model else {}
    return FlowRunFilter.model_validate({"parent_flow_run_id": {"any_": [run]}, **tagged})


def settle_children(context: dict[str, Any], model: str, message: str) -> bool:
    """Mark the runs of one model below a run as crashed, and what runs below those.

    `context` is that of the run as Prefect serialises it; without a run there is none to mark.
    Returns whether there were any, at work or not.
    """
    from prefect.client.orchestration import get_client
    from prefect.context import hydrated_context

    parent = context["flow_run_context"]
    if not parent:
        return False
    known = {"settings_context": context["settings_context"]}  # where the server is
    with hydrated_context(known), get_client(sync_client=True) as client:
        above = UUID(str(parent["flow_run"]["id"]))
        runs = client.read_flow_runs(flow_run_filter=children_of(above, model))
        for run in runs:
            below = client.read_flow_runs(flow_run_filter=children_of(run.id))
            settle(client, message, *below, run)
    return bool(runs)
