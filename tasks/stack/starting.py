"""Start of a stack, or an update of a running one: each part after those that it needs."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import driftloop
from driftloop.base.errors import StackError
from driftloop.base.workspace import Workspace
from driftloop.config.loading import load_configs
from tasks.coordination.file_lock import file_lock
from tasks.runtime import clock
from tasks.runtime.atomic_file import write_atomically
from tasks.runtime.servers.local_server import answers
from tasks.stack.backup.schemas import check_schemas
from tasks.stack.checks import check_ports, keep_password, make_folders
from tasks.stack.login.access import auth_string
from tasks.stack.prefect_server import (
    create_automations,
    create_limits,
    create_pool,
    prefect_at,
    register_deployments,
    release_pool,
    save_secrets,
    secret_names,
    worker_online,
)
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
from tasks.stack.supervisor import ALIVE, Supervisor, make_socket_folder, supervisor_text

Tell = Callable[[str], None]
HEARD_SECONDS = 90
"""A worker sends a heartbeat every 30 s."""


def make_plan(workspace: Workspace) -> Plan:
    """Return the plan that the environment describes.

    Raises:
        StackError: if a variable cannot be used, or there is no checkout to run.
    """
    home = os.environ.get("DRIFTLOOP_HOME")
    checkout = Path(home or Path(driftloop.__file__).parents[1]).resolve()
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
    settings = {**plan.settings.model_dump(), "host": before.get(HOST, plan.settings.host), **ports}
    return replace(plan, settings=StackSettings.model_validate(settings))


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
    """Stop the stack."""
    if not plan.folder.root.is_dir():
        return NOTHING
    with _alone(plan.folder):
        return stop_stack(plan.folder, plan.settings.grace_seconds, tell)


@contextmanager
def _alone(folder: StackFolder) -> Iterator[None]:
    with ExitStack() as stack:  # only errors of taking the lock are about the lock
        try:
            stack.enter_context(file_lock(folder.root / "lock", 1, 0.2))
        except TimeoutError:
            raise StackError(
                f"another 'driftloop up' or 'down' is at work in {folder.root}; wait for it to end"
            ) from None
        except OSError as error:
            raise StackError(
                f"{folder.root}: cannot be written ({error.strerror}); allow it"
            ) from error
        yield


def _check(plan: Plan, supervisor: Supervisor, fresh: bool, tell: Tell) -> None:
    if fresh:
        if left := sweep(plan.folder):  # of a process manager that was killed
            tell(f"ended {left} processes that an earlier stack left")
    else:
        _check_unchanged(plan)
    states = supervisor.states()
    alive = frozenset(name for name, state in states.items() if state["statename"] in ALIVE)
    check_ports(plan, alive)
    if not {"prefect", "mlflow"} <= alive:
        for note in check_schemas(plan):
            tell(note)


def _check_unchanged(plan: Plan) -> None:
    before = running_settings(plan)
    changed = [name for name, value in plan.fingerprint.items() if before.get(name) != value]
    if changed:
        raise StackError(
            f"the stack runs with other settings ({', '.join(changed)}); run 'driftloop down' "
            "first, then 'driftloop up'"
        )


def _bring_up(plan: Plan, supervisor: Supervisor, fresh: bool, tell: Tell) -> tuple[str, ...]:
    configs, faults = load_configs(Workspace(plan.workspace).configs)
    names = secret_names(configs)
    wanted = services(plan, sys.executable, names)
    _write(plan, wanted)
    if fresh:
        tell("starting Prefect, MLflow and the page")
        supervisor.start()
    else:
        revived = [service.name for service in wanted if _revive(supervisor, service)]
        tell(f"already up; started {', '.join(revived)} again" if revived else "already up")
    for service in wanted:
        if service.health:
            tell(f"waiting for {service.name}")
            supervisor.wait_for(service.name, partial(answers, service.health))
    with prefect_at(plan.prefect_api, auth_string(plan.password)) as client:
        pool = create_pool(client)
        release_pool(client, plan.folder)
        create_limits(client, tuple(config.model for config in configs))
        create_automations(client)
        saved = save_secrets(names, os.environ)
        secrets = f", secrets {', '.join(saved)}" if saved else ""
        tell(f"work pool {pool}, limits, automation{secrets}")
        tell("registering the deployments")
        register_deployments(plan)
        tell("waiting for the worker")
        requested = clock.now().replace(microsecond=0)
        started = supervisor.start_service("worker")
        since = requested if started else requested - timedelta(seconds=HEARD_SECONDS)
        supervisor.wait_for("worker", partial(worker_online, client, plan.worker, since))
    for name in ("answers", "keeper"):
        supervisor.start_service(name)
    for name in supervisor.states():
        supervisor.wait_for(name, lambda name=name: supervisor.state_of(name) == "RUNNING")  # type: ignore[misc]
    return faults


def _revive(supervisor: Supervisor, service: Service) -> bool:
    """Start a service that has ended, or restart one that runs and does not answer."""
    if not service.at_once:
        return False
    if supervisor.start_service(service.name):
        return True
    running = supervisor.state_of(service.name) == "RUNNING"
    if running and service.health and not answers(service.health, 20):
        supervisor.restart_service(service.name)
        return True
    return False


def _write(plan: Plan, wanted: tuple[Service, ...]) -> None:
    folder = plan.folder
    described = {service.name: asdict(service) for service in wanted}
    variables = {**plan.clients, "DRIFTLOOP_WORKSPACE": str(plan.workspace)}
    exports = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    texts = {
        folder.services: json.dumps(described, indent=1),
        folder.configuration: supervisor_text(
            folder, make_socket_folder(folder), wanted, sys.executable
        ),
        folder.running: json.dumps(plan.fingerprint, indent=1),
        folder.shell: "".join(exports),
    }
    for path, text in texts.items():
        write_atomically(path, text, mode=0o600)
    if state := os.environ.get("DRIFTLOOP_STATE"):  # relative to where the command was given
        os.environ["DRIFTLOOP_STATE"] = str(Path(state).resolve())
    os.environ["DRIFTLOOP_WORKSPACE"] = str(plan.workspace)
