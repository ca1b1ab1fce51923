"""Which deployments a workspace has: those of `prefect.yaml`, and a scheduled monitor a model.

Pure: what is read from files and sent to a server is in `tasks.deployments.register`.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from driftloop.base.errors import ConfigError, valid_choices
from driftloop.config.loading import config_hash
from driftloop.config.model_config import ModelConfig

TEMPLATE = "scheduled_monitor"
HIDDEN = {"champion", "workspace", "output"}
"""Parameters that a flow or the deployment itself gives: a person is not asked for them."""
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
    """A deployment as it is to be registered; `model` is None where it serves every model."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    pool: str
    queue: str | None = None
    job_variables: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[Cron, ...] = ()
    triggers: tuple[Mapping[str, Any], ...] = ()
    limit: int | None = None
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


def compose(
    raw: Mapping[str, Any], configs: Iterable[ModelConfig], version: str, workspace: str | None
) -> tuple[Deployment, ...]:
    """Return every deployment: a scheduled monitor for each model, then those of `prefect.yaml`.

    Args:
        raw: what `prefect.yaml` holds.
        configs: the models.
        version: of the code, noted on every deployment.
        workspace: folder on the worker, where it is not the worker's own checkout.

    Raises:
        ConfigError: if an entry lacks what it needs, or has a key that would be ignored.
    """
    entries = list(raw.get("deployments") or ())
    template = (raw.get("definitions") or {}).get(TEMPLATE)
    if template is None:
        raise ConfigError(f"prefect.yaml: definitions: {TEMPLATE} is missing; see docs/operations")
    taken = {entry.get("name") for entry in entries}
    made = [_monitor(template, config, version) for config in configs]
    own = [one for one in made if one.name not in taken]
    deployments = [*own, *(_parsed(entry, version) for entry in entries)]
    given = {"workspace": workspace} if workspace else {}
    return tuple(replace(one, parameters={**given, **one.parameters}) for one in deployments)


def _monitor(template: Mapping[str, Any], config: ModelConfig, version: str) -> Deployment:
    name = f"monitor-{config.model}"
    schedule = config.schedule
    about = config.description or f"Judges the newest window of {config.model}."
    made = _parsed({"name": name, "description": about, **template}, version)
    cron = Cron(schedule.cron_for(config.windows.current), schedule.timezone, schedule.active)
    return replace(
        made,
        tags=(*made.tags, config.model),
        parameters={**made.parameters, "model": config.model},
        schedules=(cron,),
        version=f"{version} {config_hash(config)}",
        model=config.model,
    )


def _parsed(entry: Mapping[str, Any], version: str) -> Deployment:
    name = entry.get("name", "a deployment without a name")
    for key in entry:
        if key not in _KEYS:
            raise ConfigError(f"prefect.yaml: {name}: unknown key; {valid_choices(key, _KEYS)}")
    for key in ("name", "entrypoint", "description", "work_pool"):
        if not entry.get(key):
            raise ConfigError(f"prefect.yaml: {name}: {key} is required and missing")
    pool, limit = entry["work_pool"], entry.get("concurrency_limit") or {}
    return Deployment(
        name=entry["name"],
        entrypoint=entry["entrypoint"],
        description=entry["description"],
        tags=tuple(entry.get("tags") or ()),
        pool=pool["name"],
        queue=pool.get("work_queue_name"),
        job_variables=pool.get("job_variables") or {},
        parameters=entry.get("parameters") or {},
        schedules=tuple(_cron(name, one) for one in entry.get("schedules") or ()),
        triggers=tuple(entry.get("triggers") or ()),
        limit=limit.get("limit"),
        collision=limit.get("collision_strategy"),
        version=version,
    )


def _cron(name: str, raw: Mapping[str, Any]) -> Cron:
    valid = set(Cron.__dataclass_fields__)
    for key in raw:
        if key not in valid:
            raise ConfigError(
                f"prefect.yaml: {name}: schedules: unknown key; {valid_choices(key, valid)}"
            )
    if "cron" not in raw:
        raise ConfigError(f"prefect.yaml: {name}: schedules: cron is required and missing")
    return Cron(**raw)


_MODEL = "A model that has a configuration; 'driftloop deploy' brings this list up to date."


def form(
    schema: Mapping[str, Any], models: tuple[str, ...], only: str | None = None
) -> dict[str, Any]:
    """Return the parameter schema that Prefect's UI draws as a form and the server validates.

    The model becomes a choice of those there are, a value that may be left out a plain field
    (a date picker, a text) in place of a choice of types, and `HIDDEN` parameters are not asked
    for.

    Args:
        schema: JSON Schema of the flow's parameters.
        models: names of the models there are.
        only: the one model of a deployment that is for one.
    """
    made = deepcopy(dict(schema))
    properties: dict[str, Any] = made.get("properties", {})
    for name in HIDDEN:
        properties.pop(name, None)
    for name, property_ in properties.items():
        property_["title"] = _title(name)
        if property_.get("description"):
            property_["description"] = (
                property_["description"][0].upper() + property_["description"][1:]
            )
        _without_null(property_)
    if "model" in properties:
        choices = [only] if only else sorted(models)
        properties["model"].update({"type": "string", "enum": choices, "description": _MODEL})
    return made


def _title(name: str) -> str:
    known = {"as_of": "As of", "rev": "Data revision", "dry_run": "Dry run"}
    return known.get(name, name.replace("_", " ").capitalize())


def _without_null(one: dict[str, Any]) -> None:
    """Turn ``anyOf: [type, null]`` into the type: a field that is left out is not sent."""
    kinds = [kind for kind in one.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1 and len(one["anyOf"]) == 2:
        del one["anyOf"]
        one.update(kinds[0])
        if one.get("default") is None:
            one.pop("default", None)
