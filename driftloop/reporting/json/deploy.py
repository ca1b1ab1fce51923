"""What ``driftloop deploy --json`` prints."""

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field

from driftloop.reporting.json.base import Output


class DeployedOutput(Output):
    """One deployment."""

    name: str = Field(description="The flow's name and the deployment's.")
    outcome: Literal["created", "updated", "unchanged", "stale", "removed"] = Field(
        description="Stale: a monitor whose model has no configuration any more."
    )
    model: str | None = Field(description="None where it serves every model.")
    schedule: str | None = Field(description="Cron expression and time zone; None without one.")
    paused: bool = Field(description="A person switched its schedule off; it was left so.")


class DeployOutput(Output):
    """``driftloop deploy --json``."""

    deployments: tuple[DeployedOutput, ...]

    @classmethod
    def of(cls, found: Iterable[Any]) -> Self:
        """Return what is printed of the outcomes of a registration."""
        return cls(
            deployments=tuple(
                DeployedOutput.model_validate(one, from_attributes=True) for one in found
            )
        )
