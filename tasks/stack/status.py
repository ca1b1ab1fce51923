"""The present state of a stack."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.runtime.servers.local_server import answers
from tasks.stack.processes import processes_of
from tasks.stack.services import Plan, Service
from tasks.stack.supervisor import Supervisor

ServiceState = Literal["running", "starting", "stopped", "failed"]
StackState = Literal["running", "degraded", "stopped"]
_STATES: dict[str, ServiceState] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "failed",
    "FATAL": "failed",
    "EXITED": "failed",
}


@dataclass(frozen=True, slots=True)
class StackService:
    """One service of the stack."""

    name: str
    state: ServiceState
    healthy: Annotated[
        bool | None, Field(description="Whether it answers; None where nothing is asked.")
    ]
    pid: int | None
    since: datetime | None
    address: str | None
    log: str


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The state of the stack; ``driftloop up --json`` and ``driftloop stack --json``."""

    state: Annotated[
        StackState,
        Field(description="degraded: something runs, and something that should run does not."),
    ]
    workspace: str
    folder: Annotated[str, Field(description="Where the stack keeps its files.")]
    services: tuple[StackService, ...]
    notes: Annotated[
        tuple[str, ...], Field(description="What a person should know, such as faults.")
    ]
    sentence: str


def look(plan: Plan, services: tuple[Service, ...], notes: tuple[str, ...] = ()) -> StackStatus:
    """Return the state of every service."""
    states = Supervisor(plan.folder).states()
    with ThreadPoolExecutor(len(services)) as pool:
        present = tuple(
            pool.map(lambda service: _present(plan, service, states.get(service.name)), services)
        )
    if not states:
        left = len(processes_of(plan.folder))
        state: StackState = "degraded" if left else "stopped"
        sentence = (
            f"The process manager is gone and {left} processes are left; run 'driftloop down'."
            if left
            else "The stack is not running; 'driftloop up' starts it."
        )
    else:
        bad = [item.name for item in present if item.state != "running" or item.healthy is False]
        state = "degraded" if bad else "running"
        sentence = (
            f"Not healthy: {', '.join(bad)}; read the log, then run 'driftloop up' again."
            if bad
            else "The stack is up."
        )
    return StackStatus(
        state=state,
        workspace=str(plan.workspace),
        folder=str(plan.folder.root),
        services=present,
        notes=notes,
        sentence=sentence,
    )


def running_settings(plan: Plan) -> dict[str, Any]:
    """Return what the running stack was started with; nothing where that is not known."""
    try:
        return dict(json.loads(plan.folder.running.read_text()))
    except (OSError, ValueError):
        return {}


def _present(plan: Plan, service: Service, info: dict[str, Any] | None) -> StackService:
    info = info or {}
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
