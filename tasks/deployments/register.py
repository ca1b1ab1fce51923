"""Registering deployments at a Prefect server: what is there already stays as it is."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field

import driftloop
from driftloop.base.errors import ConfigError, UnavailableError
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_configs
from tasks.deployments.automations import (
    PAGE,
    TAG,
    all_pages,
    automations_by_owner,
    parse_triggers,
    set_triggers,
)
from tasks.deployments.compose import SENT, Cron, Deployment, compose, form
from tasks.runtime.job import code_version

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import Automation

CHECKOUT = Path(driftloop.__file__).resolve().parents[1]
_SLUGS = {True: "driftloop-on", False: "driftloop-off"}
"""The slug of a schedule says what was registered, so that a person's switch differs from it."""
Outcome = Literal["created", "updated", "unchanged", "stale", "removed"]


@dataclass(frozen=True, slots=True)
class Registered:
    """One deployment after a registration."""

    name: Annotated[str, Field(description="The flow's name and the deployment's.")]
    outcome: Annotated[
        Outcome, Field(description="Stale: a monitor whose model has no configuration any more.")
    ]
    model: Annotated[str | None, Field(description="None where it serves every model.")] = None
    schedule: Annotated[
        str | None, Field(description="Cron expression and time zone; None without one.")
    ] = None
    paused: Annotated[
        bool, Field(description="A person switched its schedule off; it was left so.")
    ] = False


@dataclass(frozen=True, slots=True)
class Registration:
    """All deployments after a registration; ``driftloop deploy --json``."""

    deployments: tuple[Registered, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be registered, with the forms that belong to it."""

    deployments: tuple[Deployment, ...]
    models: tuple[str, ...]
    pull: tuple[Mapping[str, Any], ...]
    left_out: frozenset[str] = frozenset()


def plan_deployments(
    place: Workspace, folder: str | None = None, skip_broken: bool = False
) -> Plan:
    """Return the deployments of `prefect.yaml` and of the workspace's configurations.

    `folder` is the workspace on the worker, where that is another path than here. With
    `skip_broken`, models whose configuration is not valid are left out, and their monitors stay as
    they are.

    Raises:
        ConfigError: if a configuration, an entry or a cron expression is not valid; then nothing
            is registered.
    """
    configs, broken = load_configs(place.configs)
    if broken and not skip_broken:
        raise ConfigError("; ".join(broken))
    raw = _prefect_yaml()
    elsewhere = folder or (None if place.root == CHECKOUT else str(place.root))
    deployments, refused = [], set()
    for deployment in compose(raw, configs, code_version(), elsewhere):
        parse_triggers(deployment.full_name, deployment.triggers)
        try:
            _check_crons(place, deployment)
            deployments.append(deployment)
        except ConfigError:
            if not (skip_broken and deployment.model):
                raise
            refused.add(deployment.model)
    names = tuple(config.model for config in configs if config.model not in refused)
    left_out = frozenset(path.stem for path in place.configs.glob("*.yaml")) - {*names}
    return Plan(tuple(deployments), names, tuple(raw.get("pull") or ()), left_out)


def register(plan: Plan, prune: bool = False) -> tuple[Registered, ...]:
    """Register what is new or has changed, and return the outcome of each deployment.

    A schedule that a person switched off in the UI stays off. What had another name is replaced.
    Monitors of models whose configuration is gone are reported as stale, and removed with `prune`.

    Raises:
        UnavailableError: if no Prefect server is configured.
        ConfigError: if another project has a deployment of one of the names; then nothing is
            registered.
    """
    from prefect.client.orchestration import get_client

    if not os.environ.get("PREFECT_API_URL"):
        raise UnavailableError(
            "deployments need a Prefect server; start everything with 'driftloop up', or set "
            "PREFECT_API_URL to one, such as http://127.0.0.1:4200/api"
        )
    with get_client(sync_client=True) as client:
        names = [deployment.full_name for deployment in plan.deployments]
        present = {name: _read(client, name) for name in names}
        _refuse_to_replace(present)
        _ensure_pools(client, {deployment.work_pool_name for deployment in plan.deployments})
        there = automations_by_owner(client)
        registered = [
            _register(client, deployment, plan, present[name], there)
            for name, deployment in zip(names, plan.deployments, strict=True)
        ]
        wanted = {deployment.name for deployment in registered}
        wanted |= {f"monitor/monitor-{model}" for model in plan.left_out}
        return (*registered, *_stale(client, wanted, prune))


def _prefect_yaml() -> Mapping[str, Any]:
    path = CHECKOUT / "prefect.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: holds no deployments")
    return raw


def _check_crons(place: Workspace, deployment: Deployment) -> None:
    """Check whether Prefect takes the cron expressions, before anything is registered."""
    from prefect.client.schemas.schedules import CronSchedule

    model = deployment.model
    for schedule in deployment.schedules:
        try:
            CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
        except ValueError:
            where = place.configs / f"{model}.yaml: schedule" if model else "prefect.yaml"
            raise ConfigError(
                f"{where}: cron: received {schedule.cron!r}, which Prefect does not understand; "
                "write minute, hour, day of month, month and day of week, such as '0 6 * * 1'"
            ) from None


def _refuse_to_replace(present: "Mapping[str, DeploymentResponse | None]") -> None:
    """Refuse names that deployments of another project bear: Prefect would overwrite them."""
    foreign = [name for name, there in present.items() if there and TAG not in there.tags]
    if foreign:
        raise ConfigError(
            f"the server has {', '.join(foreign)} without the tag {TAG!r}, so of another project, "
            "which would be overwritten; rename it, or give it the tag if it is driftloop's"
        )


def _ensure_pools(client: "SyncPrefectClient", names: Iterable[str]) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    for name in sorted(names):
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def _register(
    client: "SyncPrefectClient",
    deployment: Deployment,
    plan: Plan,
    present: "DeploymentResponse | None",
    there: "Mapping[str, list[Automation]]",
) -> Registered:
    old = None
    if deployment.old_name is not None:
        old = _read(client, deployment.old_name)
        old = old if old is not None and TAG in old.tags else None
    crons = _switched(deployment.schedules, present or old)
    wanted = _fields(deployment, plan)
    paused = [cron.active for cron in deployment.schedules] != [cron.active for cron in crons]
    times = " and ".join(f"{cron.cron} {cron.timezone}" for cron in crons if cron.active) or None
    outcome: Outcome = "created" if present is None else "updated"
    if present is not None and _unchanged(present, wanted, crons):
        outcome, uuid = "unchanged", present.id
    else:
        flow_id = client.create_flow_from_name(deployment.flow)
        schedules = _schedules(deployment, crons)
        uuid = client.create_deployment(flow_id=flow_id, schedules=schedules, **wanted)
    names = deployment.full_name, deployment.old_name or ""
    automations = [automation for name in names for automation in there.get(name, ())]
    set_triggers(client, uuid, deployment.full_name, deployment.triggers, automations)
    if old is not None:
        client.delete_deployment(old.id)
    return Registered(deployment.full_name, outcome, deployment.model, times, paused)


def _read(client: "SyncPrefectClient", name: str) -> "DeploymentResponse | None":
    from prefect.exceptions import ObjectNotFound

    with suppress(ObjectNotFound):
        return client.read_deployment_by_name(name)
    return None


def _fields(deployment: Deployment, plan: Plan) -> dict[str, Any]:
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions

    schema, options = _schema(deployment.entrypoint), None
    if deployment.collision:
        strategy = ConcurrencyLimitStrategy(deployment.collision)
        options = ConcurrencyOptions(collision_strategy=strategy)
    return {
        **{name: getattr(deployment, name) for name in SENT},
        "tags": sorted(deployment.tags),
        "parameter_openapi_schema": form(schema, plan.models, deployment.model),
        "enforce_parameter_schema": True,
        "pull_steps": [dict(step) for step in plan.pull],
        "concurrency_options": options,
    }


@cache
def _schema(entrypoint: str) -> dict[str, Any]:
    """Read from the source, so that no flow is imported under a second name."""
    from prefect.utilities.callables import parameter_schema_from_entrypoint

    parameter_schema = parameter_schema_from_entrypoint(str(CHECKOUT / entrypoint))
    return parameter_schema.model_dump_for_openapi()


def _switched(wanted: tuple[Cron, ...], there: "DeploymentResponse | None") -> tuple[Cron, ...]:
    """Return the schedules, off where they were registered as active and a person changed that."""
    present = there.schedules if there else ()
    off = {_cron(old.schedule) for old in present if old.slug == _SLUGS[True] and not old.active}
    return tuple(
        replace(cron, active=cron.active and (cron.cron, cron.timezone) not in off)
        for cron in wanted
    )


def _cron(schedule: Any) -> tuple[str | None, str]:
    """A schedule of another kind has no cron expression and equals none that is wanted."""
    return getattr(schedule, "cron", None), getattr(schedule, "timezone", None) or "UTC"


def _schedules(deployment: Deployment, crons: tuple[Cron, ...]) -> "list[DeploymentScheduleCreate]":
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    return [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=cron.cron, timezone=cron.timezone),
            active=cron.active,
            slug=_SLUGS[registered.active],
        )
        for registered, cron in zip(deployment.schedules, crons, strict=True)
    ]


def _unchanged(
    there: "DeploymentResponse", wanted: dict[str, Any], crons: tuple[Cron, ...]
) -> bool:
    limit, options = there.global_concurrency_limit, there.concurrency_options
    present = {name: getattr(there, name) for name in wanted.keys() - {"concurrency_limit"}}
    present["tags"] = sorted(there.tags)
    present["concurrency_limit"] = limit.limit if limit else None
    # The server adds options of its own, and the queue where none is wanted.
    present["concurrency_options"] = options and options.collision_strategy
    options = wanted["concurrency_options"]
    strategy = options and options.collision_strategy
    queue = wanted["work_queue_name"] or "default"
    schedules = [(*_cron(schedule.schedule), schedule.active) for schedule in there.schedules]
    return present == {
        **wanted,
        "concurrency_options": strategy,
        "work_queue_name": queue,
    } and schedules == [(cron.cron, cron.timezone, cron.active) for cron in crons]


def _stale(client: "SyncPrefectClient", wanted: set[str], prune: bool) -> list[Registered]:
    """Return the monitors on the server that belong to no configuration."""
    from prefect.client.schemas.filters import DeploymentFilter, FlowFilter

    ours = DeploymentFilter.model_validate({"tags": {"all_": [TAG]}, "name": {"like_": "monitor-"}})
    flow = FlowFilter.model_validate({"name": {"any_": ["monitor"]}})
    monitors = all_pages(
        lambda offset: client.read_deployments(
            flow_filter=flow, deployment_filter=ours, limit=PAGE, offset=offset
        )
    )
    left = []
    for monitor in monitors:
        name = f"monitor/{monitor.name}"
        if name in wanted:
            continue
        if prune:
            client.delete_deployment(monitor.id)
        left.append(Registered(name, "removed" if prune else "stale"))
    return sorted(left, key=lambda deployment: deployment.name)
