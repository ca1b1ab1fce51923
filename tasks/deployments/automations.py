"""Automations of deployments: what `triggers` in `prefect.yaml` ask for, brought to the server."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from driftloop.base.errors import ConfigError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events import DeploymentTriggerTypes
    from prefect.events.schemas.automations import Automation

T = TypeVar("T")
TAG = "driftloop"
PAGE = 200


def check_triggers(owner: str, triggers: Iterable[Mapping[str, Any]]) -> None:
    """Refuse triggers that Prefect does not understand, before anything is registered.

    Raises:
        ConfigError: naming the deployment and what is wrong.
    """
    _parsed(owner, triggers)


def automations_by_owner(client: "SyncPrefectClient") -> "dict[str, list[Automation]]":
    """Return the automations on the server that `set_triggers` made, by the name of their owner."""
    from prefect.events.filters import AutomationFilter

    ours = AutomationFilter.model_validate({"tags": {"all_": [TAG]}})
    found: dict[str, list[Automation]] = {}
    for page in all_pages(
        lambda offset: client.read_automations(automations=ours, limit=PAGE, offset=offset)
    ):
        for owner in set(page.tags) - {TAG}:
            found.setdefault(owner, []).append(page)
    return found


def all_pages(read: Callable[[int], list[T]]) -> list[T]:
    """Return everything that a question answered in pages of `PAGE` has for an answer."""
    found: list[T] = []
    while True:
        page = read(len(found))
        found += page
        if len(page) < PAGE:
            return found


def set_triggers(
    client: "SyncPrefectClient",
    deployment: UUID,
    owner: str,
    triggers: Iterable[Mapping[str, Any]],
    there: "Iterable[Automation]",
) -> None:
    """Give a deployment the automations that its triggers ask for, and take away its others.

    One that is there as asked for is left alone, so that a person's switch stays as it is.

    Args:
        client: of the server.
        deployment: whose automations they are.
        owner: its name.
        triggers: as `prefect.yaml` has them.
        there: the owner's automations on the server, of `automations_by_owner`.
    """
    wanted = {}
    for trigger in _parsed(owner, triggers):
        trigger.set_deployment_id(deployment)
        automation = trigger.as_automation()
        automation.tags = [TAG, owner]
        wanted[automation.name] = automation
    for one in there:
        asked = wanted.get(one.name)
        if asked is not None and same_automation(one, asked):
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


def same_automation(there: Any, wanted: Any) -> bool:
    """Whether two automations wait for and do the same, whatever their ids and switches.

    The server gives sets as lists in an order of its own, so the order of lists does not count.
    """
    fields = {"name", "description", "trigger", "actions"}
    left, right = (one.model_dump(mode="json", include=fields) for one in (there, wanted))
    return bool(_plain(left) == _plain(right))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name != "id"}
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=str)
    return value
