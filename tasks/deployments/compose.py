"""The deployments of a workspace: those of `prefect.yaml`, a monitor per model, its fleets.

Pure: what is read from files and sent to a server is in `tasks.deployments.register`.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from driftloop.base.errors import ConfigError, valid_choices
from driftloop.config.loading import config_hash
from driftloop.config.model_config import ModelConfig

TEMPLATE, FLEET = "scheduled_monitor", "scheduled_fleet"
TOOL = "tool-"
"""What the name begins with of a deployment that people do not need every day."""
SENT = (
    *("name", "entrypoint", "description", "version", "parameters", "job_variables"),
    *("work_pool_name", "work_queue_name", "concurrency_limit"),
)
HIDDEN = {"champion", "workspace", "output"}
"""Parameters that a flow or the deployment itself gives: no form shows them."""
_KEYS = {
    *("name", "description", "entrypoint", "tags", "parameters", "schedules"),
    *("concurrency_limit", "work_pool", "triggers"),
}


@dataclass(frozen=True, slots=True)
class Cron:
    """One schedule of a deployment."""

    cron: str
    timezone: str = "UTC"
    active: bool = True


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as it is to be registered; `model` is None where it serves every model.

    The fields in `SENT` have Prefect's names.
    """

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    work_pool_name: str
    work_queue_name: str | None = None
    job_variables: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[Cron, ...] = ()
    triggers: tuple[Mapping[str, Any], ...] = ()
    concurrency_limit: int | None = None
    collision: str | None = None
    version: str = ""
    model: str | None = None

    @property
    def flow(self) -> str:
        """The name of the function, which is the flow's name."""
        return self.entrypoint.rpartition(":")[2]

    @property
    def full_name(self) -> str:
        """The flow's name and the deployment's, as Prefect writes them."""
        return f"{self.flow}/{self.name}"

    @property
    def old_name(self) -> str | None:
        """The full name that a tool had until 0.1, when daily deployments came first by name."""
        own = self.name.removeprefix(TOOL)
        return None if own == self.name else f"{self.flow}/{own}"


def compose(
    raw: Mapping[str, Any], configs: Iterable[ModelConfig], version: str, workspace: str | None
) -> tuple[Deployment, ...]:
    """Return every deployment: a monitor for each model, the fleets, those of `prefect.yaml`.

    A model of a fleet has no schedule of its own: the fleet runs it when its time has come.
    `workspace` is the folder on the worker, where it is not the worker's own checkout.

    Raises:
        ConfigError: if an entry lacks what it needs, or has a key that would be ignored.
    """
    entries = list(raw.get("deployments") or ())
    templates, configs = raw.get("definitions") or {}, tuple(configs)
    for name in (TEMPLATE, FLEET):
        if templates.get(name) is None:
            raise ConfigError(f"prefect.yaml: definitions: {name} is missing; see docs/operations")
    taken = {entry.get("name") for entry in entries}
    fleets = sorted({config.schedule.fleet for config in configs if config.schedule.fleet})
    made = [_monitor(templates[TEMPLATE], config, version) for config in configs]
    made += [_fleet(templates[FLEET], fleet, version) for fleet in fleets]
    own = [deployment for deployment in made if deployment.name not in taken]
    place = {"workspace": workspace} if workspace else {}
    return tuple(
        replace(deployment, parameters={**place, **deployment.parameters})
        for deployment in (*own, *(_parsed(entry, version) for entry in entries))
    )


def _monitor(template: Mapping[str, Any], config: ModelConfig, version: str) -> Deployment:
    name = f"monitor-{config.model}"
    schedule = config.schedule
    about = config.description or f"Judges the newest window of {config.model}."
    monitor = _parsed({"name": name, "description": about, **template}, version)
    cron = Cron(schedule.cron_for(config.windows.current), schedule.timezone, schedule.active)
    return replace(
        monitor,
        tags=(*monitor.tags, config.model),
        parameters={**monitor.parameters, "model": config.model},
        schedules=() if schedule.fleet else (cron,),
        version=f"{version} {config_hash(config)}",
        model=config.model,
    )


def _fleet(template: Mapping[str, Any], name: str, version: str) -> Deployment:
    about = f"Judges the models of the fleet {name} whose time has come, in one run."
    fleet = _parsed({"name": f"fleet-{name}", "description": about, **template}, version)
    return replace(fleet, parameters={**fleet.parameters, "select": name, "due": True})


def _parsed(entry: Mapping[str, Any], version: str) -> Deployment:
    name = entry.get("name", "a deployment without a name")
    _check_keys(name, entry, _KEYS, ("name", "entrypoint", "description", "work_pool"))
    pool, limit = entry["work_pool"], entry.get("concurrency_limit") or {}
    return Deployment(
        name=entry["name"],
        entrypoint=entry["entrypoint"],
        description=entry["description"],
        tags=tuple(entry.get("tags") or ()),
        work_pool_name=pool["name"],
        work_queue_name=pool.get("work_queue_name"),
        job_variables=pool.get("job_variables") or {},
        parameters=entry.get("parameters") or {},
        schedules=tuple(_cron(name, schedule) for schedule in entry.get("schedules") or ()),
        triggers=tuple(entry.get("triggers") or ()),
        concurrency_limit=limit.get("limit"),
        collision=limit.get("collision_strategy"),
        version=version,
    )


def _cron(name: str, raw: Mapping[str, Any]) -> Cron:
    _check_keys(f"{name}: schedules", raw, set(Cron.__dataclass_fields__), ("cron",))
    return Cron(**raw)


def _check_keys(
    place: str, entry: Mapping[str, Any], valid: set[str], required: tuple[str, ...]
) -> None:
    for key in entry:
        if key not in valid:
            raise ConfigError(f"prefect.yaml: {place}: unknown key; {valid_choices(key, valid)}")
    for key in required:
        if not entry.get(key):
            raise ConfigError(f"prefect.yaml: {place}: {key} is required and missing")


_MODEL = "A model that has a configuration; 'driftloop deploy' brings this list up to date."
_TITLES = {"as_of": "As of", "rev": "Data revision", "dry_run": "Dry run"}


def form(
    schema: Mapping[str, Any], models: tuple[str, ...], only: str | None = None
) -> dict[str, Any]:
    """Return the parameter schema that Prefect's UI draws as a form and the server validates.

    The model becomes a choice of those there are, or of `only` one; a value that may be left out
    becomes a plain field (a date picker, a text) in place of a choice of types; the form does not
    show `HIDDEN` parameters.
    """
    result = deepcopy(dict(schema))
    properties: dict[str, Any] = result.get("properties", {})
    for name in HIDDEN:
        properties.pop(name, None)
    for name, parameter in properties.items():
        parameter["title"] = _TITLES.get(name, name.replace("_", " ").capitalize())
        if description := parameter.get("description"):
            parameter["description"] = description[0].upper() + description[1:]
        _without_null(parameter)
    if "model" in properties:
        choices = [only] if only else sorted(models)
        properties["model"].update({"type": "string", "enum": choices, "description": _MODEL})
    return result


def _without_null(parameter: dict[str, Any]) -> None:
    """Turn ``anyOf: [type, null]`` into the type: a field that is left out is not sent."""
    kinds = [kind for kind in parameter.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1 and len(parameter["anyOf"]) == 2:
        del parameter["anyOf"]
        parameter.update(kinds[0])
        if parameter.get("default") is None:
            parameter.pop("default", None)
