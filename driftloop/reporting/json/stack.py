"""What the commands about the local stack print with ``--json``."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.reporting.json.base import Output

ServiceState = Literal["running", "starting", "stopped", "failed"]


class StackService(Output):
    """One service of the stack."""

    name: str
    state: ServiceState
    healthy: bool | None = Field(description="Whether it answers; None where nothing is asked.")
    pid: int | None
    since: datetime | None
    address: str | None
    log: str


class StackOutput(Output):
    """``driftloop up --json`` and ``driftloop stack --json``."""

    state: Literal["running", "degraded", "stopped"] = Field(
        description="degraded: something runs, and something that should does not, or not well."
    )
    workspace: str
    folder: str = Field(description="Where the stack keeps its files.")
    services: tuple[StackService, ...]
    notes: tuple[str, ...] = Field(description="What a person should know, such as faults.")
    sentence: str


class DownOutput(Output):
    """``driftloop down --json``."""

    stopped: bool = Field(description="False where nothing was running.")
    runs_ended: tuple[str, ...] = Field(
        description="Ids of the flow runs that did not end within the grace time."
    )
    sentence: str


class BackupOutput(Output):
    """``driftloop backup --json`` and ``driftloop restore --json``."""

    file: str
    parts: tuple[str, ...] = Field(description="What is in it: databases, artifacts, documents.")
    files: int
    created: datetime
    sentence: str
