"""Automations of deployments: what `triggers` in `prefect.yaml` ask for, brought to the server."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from uuid import UUID

from driftloop.errors import ConfigError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events import Automation, DeploymentTriggerTypes

TAG = "driftloop"


def check_triggers(owner: str, triggers: Iterable[Mapping[str, Any]]) -> None:
    """Refuse triggers that Prefect does not understand, before anything is registered.

    Raises:
        ConfigError: naming the deployment and what is wrong.
    """
    _parsed(owner, triggers)


def set_triggers(
    client: "SyncPrefectClient", deployment: UUID, owner: str, triggers: Iterable[Mapping[str, Any]]
) -> None:
    """Give a deployment the automations that its triggers ask for, and take away its others.

    One that is there as asked for is left alone, so that a person's switch stays as it is.

    Args:
        client: of the server.
        deployment: whose automations they are.
        owner: its name.
        triggers: as `prefect.yaml` has them.
    """
    wanted = {}
    for trigger in _parsed(owner, triggers):
        trigger.set_deployment_id(deployment)
        automation = trigger.as_automation()
        automation.tags = [TAG, owner]
        wanted[automation.name] = automation
    there = client.read_resource_related_automations(f"prefect.deployment.{deployment}")
    for one in there:
        if owner not in one.tags:
            continue  # somebody's own
        asked = wanted.get(one.name)
        if asked is not None and _meaning(asked) == _meaning(one):
            del wanted[one.name]
        else:
            client.delete_automation(one.id)
    for automation in wanted.values():
        client.create_automation(automation)


def _parsed(owner: str, triggers: Iterable[Mapping[str, Any]]) -> "list[DeploymentTriggerTypes]":
    from prefect.events import DeploymentTriggerTypes
    from pydantic import TypeAdapter, ValidationError

    adapter: TypeAdapter[DeploymentTriggerTypes] = TypeAdapter(DeploymentTriggerTypes)
    found = []
    for number, trigger in enumerate(triggers, start=1):
        named = {"name": f"{owner} {number}", **deepcopy(dict(trigger))}
        try:
            found.append(adapter.validate_python(named))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"][1:])
            raise ConfigError(
                f"prefect.yaml: {owner}: triggers[{number - 1}].{place}: {first['msg'].lower()}, "
                f"received {str(first['input'])[:60]!r}"
            ) from None
    return found


def _meaning(automation: "Automation | Any") -> Any:
    """Return what an automation waits for and does, without ids and switches."""
    plain = automation.model_dump(mode="json", include={"trigger", "actions", "description"})
    plain["trigger"].pop("id", None)
    return plain
