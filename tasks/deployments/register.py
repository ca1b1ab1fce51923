"""Registering deployments at a Prefect server: what is there already stays as it is."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    all_pages,
    automations_by_owner,
    check_triggers,
    set_triggers,
)
from tasks.deployments.compose import Cron, Deployment, compose, form
from tasks.runtime.job import code_version

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import Automation

CHECKOUT = Path(driftloop.__file__).resolve().parents[1]
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
    """Return what `prefect.yaml` and the workspace's configurations ask for.

    Args:
        place: the workspace.
        folder: the workspace on the worker, where that is another path than here.
        skip_broken: leave out models whose configuration is not valid; their monitors stay as
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
    made, refused = [], set()
    for deployment in compose(raw, configs, code_version(), elsewhere):
        check_triggers(deployment.full_name, deployment.triggers)
        try:
            _check_crons(place, deployment)
            made.append(deployment)
        except ConfigError:
            if not (skip_broken and deployment.model):
                raise
            refused.add(deployment.model)
    names = tuple(config.model for config in configs if config.model not in refused)
    left_out = frozenset(path.stem for path in place.configs.glob("*.yaml")) - {*names}
    return Plan(tuple(made), names, tuple(raw.get("pull") or ()), left_out)


def register(plan: Plan, prune: bool = False) -> tuple[Registered, ...]:
    """Register what is new or has changed, and return the outcome of each deployment.

    A schedule that a person switched off in the UI stays off. Monitors of models whose
    configuration is gone are named as stale, and removed with `prune`.

    Raises:
        UnavailableError: if no Prefect server is configured.
    """
    from prefect.client.orchestration import get_client

    if not os.environ.get("PREFECT_API_URL"):
        raise UnavailableError(
            "deployments need a Prefect server; start everything with 'driftloop up', or set "
            "PREFECT_API_URL to one, such as http://127.0.0.1:4200/api"
        )
    with get_client(sync_client=True) as client:
        _ensure_pools(client, {deployment.pool for deployment in plan.deployments})
        there = automations_by_owner(client)
        done = [
            _register(client, deployment, plan, there.get(deployment.full_name, ()))
            for deployment in plan.deployments
        ]
        kept = {f"monitor/monitor-{model}" for model in plan.left_out}
        return (
            *done,
            *_stale(
                client, kept | {deployment.full_name for deployment in plan.deployments}, prune
            ),
        )


def _prefect_yaml() -> Mapping[str, Any]:
    path = CHECKOUT / "prefect.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: holds no deployments")
    return raw


def _check_crons(place: Workspace, one: Deployment) -> None:
    """Prefect's own opinion of a cron expression, before anything is registered."""
    from prefect.client.schemas.schedules import CronSchedule

    for schedule in one.schedules:
        try:
            CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
        except ValueError:
            where = place.configs / f"{one.model}.yaml: schedule" if one.model else "prefect.yaml"
            raise ConfigError(
                f"{where}: cron: received {schedule.cron!r}, which Prefect does not understand; "
                "write minute, hour, day of month, month and day of week, such as '0 6 * * 1'"
            ) from None


def _ensure_pools(client: "SyncPrefectClient", names: Iterable[str]) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    for name in sorted(names):
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def _register(
    client: "SyncPrefectClient", one: Deployment, plan: Plan, automations: "Iterable[Automation]"
) -> Registered:
    there = _read(client, one.full_name)
    crons = _kept(one.schedules, there)
    wanted = _fields(one, plan, crons)
    paused = [cron.active for cron in one.schedules] != [cron.active for cron in crons]
    told = " and ".join(f"{cron.cron} {cron.timezone}" for cron in crons if cron.active) or None
    outcome: Outcome = "created" if there is None else "updated"
    if there is not None and _present(there) == _comparable(wanted, crons):
        outcome, uuid = "unchanged", there.id
    else:
        flow_id = client.create_flow_from_name(one.flow)
        schedules = _schedules(one, crons)
        uuid = client.create_deployment(flow_id=flow_id, schedules=schedules, **wanted)
    set_triggers(client, uuid, one.full_name, one.triggers, automations)
    return Registered(one.full_name, outcome, one.model, told, paused)


def _fields(one: Deployment, plan: Plan, crons: tuple[Cron, ...]) -> dict[str, Any]:
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions

    strategy = one.collision and ConcurrencyLimitStrategy(one.collision)
    return {
        "name": one.name,
        "entrypoint": one.entrypoint,
        "description": one.description,
        "tags": sorted(one.tags),
        "version": one.version,
        "parameters": dict(one.parameters),
        "parameter_openapi_schema": form(_schema(one.entrypoint), plan.models, one.model),
        "enforce_parameter_schema": True,
        "work_pool_name": one.pool,
        "work_queue_name": one.queue,
        "job_variables": dict(one.job_variables),
        "pull_steps": [dict(step) for step in plan.pull],
        "concurrency_limit": one.limit,
        "concurrency_options": ConcurrencyOptions(collision_strategy=strategy)
        if strategy
        else None,
    }


@cache
def _schema(entrypoint: str) -> dict[str, Any]:
    """Read from the source, so that no flow is imported under a second name."""
    from prefect.utilities.callables import parameter_schema_from_entrypoint

    parameter_schema = parameter_schema_from_entrypoint(str(CHECKOUT / entrypoint))
    return parameter_schema.model_dump_for_openapi()


def _read(client: "SyncPrefectClient", name: str) -> "DeploymentResponse | None":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _slug(active: bool) -> str:
    """What was asked for is in the slug, so that a person's switch can be told from it."""
    return "driftloop-on" if active else "driftloop-off"


def _kept(wanted: tuple[Cron, ...], there: "DeploymentResponse | None") -> tuple[Cron, ...]:
    """Return the schedules, those off that were asked for before and switched off by a person."""
    asked = [
        schedule for schedule in (there.schedules if there else ()) if schedule.slug == _slug(True)
    ]
    off = {_cron(one.schedule) for one in asked if not one.active}
    return tuple(
        Cron(one.cron, one.timezone, one.active and (one.cron, one.timezone) not in off)
        for one in wanted
    )


def _cron(schedule: Any) -> tuple[str | None, str]:
    """A schedule of another kind has no cron expression and equals none that is wanted."""
    return getattr(schedule, "cron", None), getattr(schedule, "timezone", None) or "UTC"


def _schedules(one: Deployment, crons: tuple[Cron, ...]) -> "list[DeploymentScheduleCreate]":
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    return [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=cron.cron, timezone=cron.timezone),
            active=cron.active,
            slug=_slug(asked.active),
        )
        for asked, cron in zip(one.schedules, crons, strict=True)
    ]


def _comparable(wanted: dict[str, Any], crons: tuple[Cron, ...]) -> dict[str, Any]:
    options = wanted["concurrency_options"]
    return {
        **wanted,
        "concurrency_options": options and options.collision_strategy,
        "work_queue_name": wanted["work_queue_name"] or "default",
        "schedules": [(cron.cron, cron.timezone, cron.active) for cron in crons],
    }


def _present(there: "DeploymentResponse") -> dict[str, Any]:
    options, limit = there.concurrency_options, there.global_concurrency_limit
    return {
        "name": there.name,
        "entrypoint": there.entrypoint,
        "description": there.description,
        "tags": sorted(there.tags),
        "version": there.version,
        "parameters": there.parameters,
        "parameter_openapi_schema": there.parameter_openapi_schema,
        "enforce_parameter_schema": there.enforce_parameter_schema,
        "work_pool_name": there.work_pool_name,
        "work_queue_name": there.work_queue_name,
        "job_variables": there.job_variables,
        "pull_steps": there.pull_steps,
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": options and options.collision_strategy,
        "schedules": [(*_cron(schedule.schedule), schedule.active) for schedule in there.schedules],
    }


def _stale(client: "SyncPrefectClient", wanted: set[str], prune: bool) -> list[Registered]:
    """Return the monitors on the server that no configuration asks for."""
    left = []
    for monitor in _monitors(client):
        name = f"monitor/{monitor.name}"
        if name in wanted:
            continue
        if prune:
            client.delete_deployment(monitor.id)
        left.append(Registered(name, "removed" if prune else "stale"))
    return sorted(left, key=lambda found: found.name)


def _monitors(client: "SyncPrefectClient") -> "list[DeploymentResponse]":
    from prefect.client.schemas.filters import DeploymentFilter, FlowFilter

    ours = DeploymentFilter.model_validate(
        {"tags": {"all_": ["driftloop"]}, "name": {"like_": "monitor-"}}
    )
    flow = FlowFilter.model_validate({"name": {"any_": ["monitor"]}})
    return all_pages(
        lambda offset: client.read_deployments(
            flow_filter=flow, deployment_filter=ours, limit=PAGE, offset=offset
        )
    )
