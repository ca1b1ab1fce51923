"""Automations of deployments: the `triggers` in `prefect.yaml`, brought to the server."""

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


def automations_by_owner(client: "SyncPrefectClient") -> "dict[str, list[Automation]]":
    """Return the automations on the server that `set_triggers` made, by the name of their owner."""
    from prefect.events.filters import AutomationFilter

    ours = AutomationFilter.model_validate({"tags": {"all_": [TAG]}})
    owned: dict[str, list[Automation]] = {}
    for automation in all_pages(
        lambda offset: client.read_automations(automations=ours, limit=PAGE, offset=offset)
    ):
        for owner in set(automation.tags) - {TAG}:
            owned.setdefault(owner, []).append(automation)
    return owned


def all_pages(read: Callable[[int], list[T]]) -> list[T]:
    """Return all results of a query, which the server returns in pages of `PAGE`."""
    results: list[T] = []
    while True:
        page = read(len(results))
        results += page
        if len(page) < PAGE:
            return results


def set_triggers(
    client: "SyncPrefectClient",
    deployment: UUID,
    owner: str,
    triggers: Iterable[Mapping[str, Any]],
    there: "Iterable[Automation]",
) -> None:
    """Give a deployment the automations of its triggers, and take away its others.

    One that is `there` as wanted is left alone, so that a person's switch stays as it is.
    """
    wanted = {}
    for trigger in parse_triggers(owner, triggers):
        trigger.set_deployment_id(deployment)
        automation = trigger.as_automation()
        automation.tags = [TAG, owner]
        wanted[automation.name] = automation
    for present in there:
        match = wanted.get(present.name)
        if match is not None and same_automation(present, match):
            del wanted[present.name]
        else:
            client.delete_automation(present.id)
    for automation in wanted.values():
        client.create_automation(automation)


def parse_triggers(
    owner: str, triggers: Iterable[Mapping[str, Any]]
) -> "list[DeploymentTriggerTypes]":
    """Return the triggers of a deployment as Prefect understands them.

    Raises:
        ConfigError: if it does not; with the deployment and what is wrong.
    """
    from prefect.events import DeploymentTriggerTypes
    from pydantic import TypeAdapter, ValidationError

    named = [
        {"name": f"{owner} {number}", **trigger} for number, trigger in enumerate(triggers, start=1)
    ]
    try:
        return TypeAdapter(list[DeploymentTriggerTypes]).validate_python(deepcopy(named))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        number, _kind, *place = first["loc"]
        raise ConfigError(
            f"prefect.yaml: {owner}: triggers[{number}].{'.'.join(map(str, place))}: "
            f"{first['msg'].lower()}, received {str(first['input'])[:60]!r}"
        ) from None


def same_automation(there: Any, wanted: Any) -> bool:
    """Whether two automations wait for and do the same, whatever their ids and switches.

    The server gives sets as lists in an order of its own, so the order of lists does not count.
    """
    fields = {"name", "description", "trigger", "actions"}
    left, right = (item.model_dump(mode="json", include=fields) for item in (there, wanted))
    return bool(_plain(left) == _plain(right))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name != "id"}
    if isinstance(value, list):
        return sorted(map(_plain, value), key=str)
    return value
