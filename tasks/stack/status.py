"""What a stack looks like now."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from driftloop.reporting.json.stack import ServiceState, StackOutput, StackService
from tasks.stack.health import answers
from tasks.stack.processes import processes_of
from tasks.stack.services import Plan, Service
from tasks.stack.supervisor import Supervisor

_STATES: dict[str, ServiceState] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "failed",
    "FATAL": "failed",
    "EXITED": "failed",
}


def look(plan: Plan, services: tuple[Service, ...], notes: tuple[str, ...] = ()) -> StackOutput:
    """Return the state of every service."""
    states = Supervisor(plan.folder).states()
    with ThreadPoolExecutor(len(services)) as pool:
        stack_services = tuple(
            pool.map(lambda one: _service(plan, one, states.get(one.name, {})), services)
        )
    if not states:
        left = len(processes_of(plan.folder))
        state = "degraded" if left else "stopped"
        sentence = (
            f"The process manager is gone and {left} processes are left; run 'driftloop down'."
            if left
            else "The stack is not running; 'driftloop up' starts it."
        )
    else:
        bad = [one.name for one in stack_services if one.state != "running" or one.healthy is False]
        state = "degraded" if bad else "running"
        sentence = (
            f"Not well: {', '.join(bad)}; read the log, then run 'driftloop up' again."
            if bad
            else "The stack is up."
        )
    return StackOutput(
        state=state,
        workspace=str(plan.workspace),
        folder=str(plan.folder.root),
        services=stack_services,
        notes=notes,
        sentence=sentence,
    )


def running_settings(plan: Plan) -> dict[str, Any]:
    """Return what the running stack was started with; nothing where that is not known."""
    try:
        found: dict[str, Any] = json.loads(plan.folder.running.read_text())
    except (OSError, ValueError):
        return {}
    return found


def _service(plan: Plan, service: Service, info: dict[str, Any]) -> StackService:
    state = _STATES.get(info.get("statename", ""), "stopped")
    alive = state in ("running", "starting")
    return StackService(
        name=service.name,
        state=state,
        healthy=answers(service.health) if alive and service.health else None,
        pid=info.get("pid") or None,
        since=datetime.fromtimestamp(info["start"], UTC) if alive else None,
        address=plan.address(service.name) if service.health else None,
        log=str(plan.folder.log(service.name)),
    )
