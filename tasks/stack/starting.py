"""Starts a stack, or brings one that runs up to date, each part after those that it needs."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import driftloop
from driftloop.base.errors import StackError
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_configs
from tasks.coordination.file_lock import file_lock
from tasks.runtime import clock
from tasks.stack.backup.schemas import check_schemas
from tasks.stack.checks import check_ports, keep_password, make_folders, write_private
from tasks.stack.health import answers, prefect_at, wait_for, wait_for_worker, wait_until_settled
from tasks.stack.login.access import auth_string
from tasks.stack.prefect.automations import create_automations
from tasks.stack.prefect.pool import create_pool, let_go
from tasks.stack.prefect.preparing import checkout_of, create_limits, save_secrets, secret_names
from tasks.stack.prefect.registering import register_deployments
from tasks.stack.processes import sweep
from tasks.stack.services import (
    HOST,
    PORTS,
    Plan,
    Service,
    StackFolder,
    StackSettings,
    services,
    stack_settings,
)
from tasks.stack.status import StackStatus, look, running_settings
from tasks.stack.stopping import NOTHING, StackStop, stop_stack
from tasks.stack.supervisor import Supervisor, make_socket_folder
from tasks.stack.supervisor_config import supervisor_text

Tell = Callable[[str], None]
HEARD_SECONDS = 90
"""A worker sends a heartbeat every 30 s."""


def make_plan(workspace: Workspace) -> Plan:
    """Return what the environment asks for.

    Raises:
        StackError: if a variable cannot be used, or there is no checkout to run.
    """
    checkout = checkout_of(os.environ)
    if not (checkout / "prefect.yaml").is_file():
        raise StackError(f"{checkout} holds no driftloop checkout; set DRIFTLOOP_HOME to one")
    folder = StackFolder(workspace.state.resolve())
    return Plan(stack_settings(os.environ), folder, workspace.root, checkout)


def services_of(plan: Plan) -> tuple[Service, ...]:
    """Return the services of a plan."""
    configs, _ = load_configs(Workspace(plan.workspace).configs)
    return services(plan, sys.executable, secret_names(configs))


def as_running(plan: Plan) -> Plan:
    """Return the plan with the host and the ports of the stack that runs, if one does."""
    before = running_settings(plan)
    ports = {
        f"{name}_port": before[variable] for name, variable in PORTS.items() if variable in before
    }
    if not ports:
        return plan
    given = plan.settings.model_dump() | {"host": before.get(HOST, plan.settings.host)} | ports
    return replace(plan, settings=StackSettings.model_validate(given))


def up(plan: Plan, tell: Tell) -> StackStatus:
    """Bring the stack up, whatever state it is in, and return what it looks like then.

    Raises:
        StackError: if something is in the way; what this call started is stopped again.
    """
    make_folders(plan.folder)
    with _alone(plan.folder):
        plan = replace(plan, password=keep_password(plan.folder))
        supervisor = Supervisor(plan.folder)
        fresh = not supervisor.answers()
        tell("checking ports, folders and databases")
        _check(plan, supervisor, fresh, tell)
        try:
            notes = _bring_up(plan, supervisor, fresh, tell)
        except BaseException:
            if fresh:
                tell("stopping what was started")
                stop_stack(plan.folder, 0, tell)
            raise
        return look(plan, services_of(plan), notes)


def down(plan: Plan, tell: Tell) -> StackStop:
    """Stop the stack.

    Raises:
        StackError: if another `up` or `down` is at work.
    """
    if not plan.folder.root.is_dir():
        return NOTHING
    with _alone(plan.folder):
        return stop_stack(plan.folder, plan.settings.grace_seconds, tell)


@contextmanager
def _alone(folder: StackFolder) -> Iterator[None]:
    lock = file_lock(folder.root / "lock", 1, 0.2)
    try:
        lock.__enter__()
    except TimeoutError:
        raise StackError(
            f"another 'driftloop up' or 'down' is at work in {folder.root}; wait for it to end"
        ) from None
    except OSError as error:
        raise StackError(
            f"{folder.root}: cannot be written ({error.strerror}); allow it"
        ) from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _check(plan: Plan, supervisor: Supervisor, fresh: bool, tell: Tell) -> None:
    if fresh:
        left = sweep(plan.folder)  # of a process manager that was killed
        if left:
            tell(f"ended {left} processes that an earlier stack left")
    else:
        _check_unchanged(plan)
    alive = {
        name
        for name, state in supervisor.states().items()
        if state["statename"] in ("RUNNING", "STARTING")
    }
    check_ports(plan, frozenset(alive))
    if not {"prefect", "mlflow"} <= alive:
        for note in check_schemas(plan):
            tell(note)


def _check_unchanged(plan: Plan) -> None:
    before, now = running_settings(plan), _fingerprint(plan)
    changed = [name for name, value in now.items() if before.get(name) != value]
    if changed:
        raise StackError(
            f"the stack runs with other settings ({', '.join(changed)}); run 'driftloop down' "
            "first, then 'driftloop up'"
        )


def _fingerprint(plan: Plan) -> dict[str, str]:
    return {**plan.fingerprint, "driftloop": driftloop.__version__}


def _bring_up(plan: Plan, supervisor: Supervisor, fresh: bool, tell: Tell) -> tuple[str, ...]:
    configs, faults = load_configs(Workspace(plan.workspace).configs)
    names = secret_names(configs)
    wanted = {service.name: service for service in services(plan, sys.executable, names)}
    _write(plan, tuple(wanted.values()))
    if fresh:
        tell("starting Prefect, MLflow and the page")
        supervisor.start()
    else:
        revived = [
            name for name in wanted if name != "worker" and _revive(supervisor, wanted[name])
        ]
        tell(f"already up; started {', '.join(revived)} again" if revived else "already up")
    for name in ("mlflow", "prefect", "site"):
        tell(f"waiting for {name}")
        wait_for(wanted[name], plan, supervisor)
    with prefect_at(plan.prefect_api, auth_string(plan.password)) as client:
        pool = create_pool(client)
        let_go(client, plan.folder)
        create_limits(client, tuple(config.model for config in configs))
        create_automations(client)
        saved = save_secrets(names, os.environ)
        tell(
            f"work pool {pool}, limits, automation"
            + (f", secrets {', '.join(saved)}" if saved else "")
        )
        tell("registering the deployments")
        register_deployments(plan)
        tell("waiting for the worker")
        asked = clock.now()
        started = supervisor.start_service("worker")
        since = asked if started else asked - timedelta(seconds=HEARD_SECONDS)
        wait_for_worker(client, _second(since), plan, supervisor)
    supervisor.start_service("keeper")
    wait_until_settled(plan, supervisor)
    return faults


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _revive(supervisor: Supervisor, service: Service) -> bool:
    """Start a service that has ended, or start it anew if it runs and does not answer."""
    if not service.at_once:
        return False
    if supervisor.start_service(service.name):
        return True
    state = supervisor.states().get(service.name, {}).get("statename")
    if state == "RUNNING" and service.health and not answers(service.health, 20):
        supervisor.restart_service(service.name)
        return True
    return False


def _write(plan: Plan, wanted: tuple[Service, ...]) -> None:
    folder = plan.folder
    described = {
        service.name: {
            "command": service.command,
            "environment": dict(service.environment),
            "without": service.without,
            "health": service.health,
            "leaves_runs": service.leaves_runs,
        }
        for service in wanted
    }
    write_private(folder.services, json.dumps(described, indent=1))
    text = supervisor_text(folder, make_socket_folder(folder), wanted, sys.executable)
    write_private(folder.configuration, text)
    write_private(folder.running, json.dumps(_fingerprint(plan), indent=1))
    shell = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in plan.clients.items())
    write_private(
        folder.shell, shell + f"export DRIFTLOOP_WORKSPACE={shlex.quote(str(plan.workspace))}\n"
    )
    _share_state(plan.workspace)


def _share_state(workspace: Path) -> None:
    """A relative state folder is meant from where the command was given."""
    if given := os.environ.get("DRIFTLOOP_STATE"):
        os.environ["DRIFTLOOP_STATE"] = str(Path(given).resolve())
    os.environ["DRIFTLOOP_WORKSPACE"] = str(workspace)
