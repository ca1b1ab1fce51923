"""An automation on the Prefect server: runs that fell silent are settled.

A flow run sends heartbeats. Where they stop without an end of the run, its process is gone: the
machine went down, or it was killed. Prefect leaves such a run in Running for ever. This automation
marks it as Crashed, which also frees its deployment's slot.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from tasks.deployments.automations import same_automation

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

NAME = "driftloop: run fell silent"
HEARTBEAT = "prefect.flow-run.heartbeat"
SILENT_SECONDS = 600
"""Three heartbeats at Prefect's own interval of 180 s, and some patience."""
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", "AwaitingRetry")


def create_automations(client: "SyncPrefectClient", seconds: int = SILENT_SECONDS) -> None:
    """Create the automation, or bring the one that is there up to date.

    Args:
        client: of the server.
        seconds: of silence after which a run is taken for dead.
    """
    wanted, there = silent_run(seconds), client.read_automations_by_name(NAME)
    if not there:
        client.create_automation(wanted)
    elif not same_automation(there[0], wanted):
        client.update_automation(there[0].id, wanted)
    for extra in there[1:]:
        client.delete_automation(extra.id)


def silent_run(seconds: int) -> "AutomationCore":
    """Return the automation."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        after={HEARTBEAT},
        expect={HEARTBEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    message = f"No heartbeat for {seconds} s: the run's process is gone."
    return AutomationCore(
        name=NAME,
        description="Made by 'driftloop up', which writes it anew. See docs/stack.md.",
        enabled=True,
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message)],
    )
