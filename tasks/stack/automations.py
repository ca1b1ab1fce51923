"""Automations on the Prefect server: runs that fell silent are settled.

A flow run sends heartbeats. Where they stop without an end of the run, its process is gone: the
machine went down, or it was killed. Prefect leaves such a run in Running for ever. These
automations mark it as Crashed, which also frees its deployment's slot.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from driftloop.stack import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

HEARTBEAT = "prefect.flow-run.heartbeat"
MISSED = 5
LONGEST_SECONDS = 180
"""Prefect's own interval, of runs that do not have the stack's environment."""
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", "AwaitingRetry")
_DESCRIPTION = "Made by 'driftloop up', which writes it anew. See docs/stack.md."


def silent_runs() -> "tuple[AutomationCore, ...]":
    """Return the automations: one for runs of deployments, one for all runs, with more patience."""
    return (
        _crash("driftloop: deployed run fell silent", MISSED * HEARTBEAT_SECONDS, deployed=True),
        _crash("driftloop: run fell silent", MISSED * LONGEST_SECONDS, deployed=False),
    )


def create_automations(client: "SyncPrefectClient") -> tuple[str, ...]:
    """Create the automations, or bring those that are there up to date; return their names."""
    names = []
    for wanted in silent_runs():
        there = client.read_automations_by_name(wanted.name)
        if not there:
            client.create_automation(wanted)
        elif not _same(there[0], wanted):
            client.update_automation(there[0].id, wanted)
        for extra in there[1:]:
            client.delete_automation(extra.id)
        names.append(wanted.name)
    return tuple(names)


def _crash(name: str, seconds: int, deployed: bool) -> "AutomationCore":
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    related = {"prefect.resource.role": "deployment"} if deployed else {}
    trigger = EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=related,
        for_each={"prefect.resource.id"},
        after={HEARTBEAT},
        expect={HEARTBEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    message = f"No heartbeat for {seconds} s: the run's process is gone."
    action = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message)
    return AutomationCore(
        name=name, description=_DESCRIPTION, enabled=True, trigger=trigger, actions=[action]
    )


def _same(there: Any, wanted: Any) -> bool:
    fields = {"name", "description", "trigger", "actions"}
    left, right = (one.model_dump(mode="json", include=fields) for one in (there, wanted))
    return bool(_without_ids(left) == _without_ids(right))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(one) for name, one in value.items() if name != "id"}
    if isinstance(value, list):
        plain = [_without_ids(one) for one in value]
        return sorted(plain, key=str)
    return value
