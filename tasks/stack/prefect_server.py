"""The stack's Prefect server, prepared: work pool, limits, secrets, deployments, automation."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

from driftloop.base.errors import StackError
from driftloop.config.model_config import ModelConfig
from tasks.coordination.slots import Kind, slot_name
from tasks.deployments.automations import same_automation
from tasks.runtime.credentials import GATEWAY_BLOCK, GATEWAY_PASSWORD
from tasks.runtime.servers.local_server import answers
from tasks.stack.services import POOL, Plan, StackFolder

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

CLOSED = ("command", "env", "working_dir")
"""What only the worker decides on."""
KINDS: tuple[Kind, ...] = get_args(Kind)
AUTOMATION = "driftloop: run fell silent"
HEARTBEAT = "prefect.flow-run.heartbeat"
SILENT_SECONDS = 600
"""Three heartbeats at Prefect's own interval of 180 s, and some patience."""
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", "AwaitingRetry")
_DEPLOY_SECONDS = 300


@contextmanager
def prefect_at(api: str, auth: str | None = None) -> "Iterator[SyncPrefectClient]":
    """Let Prefect's functions, and the client that is handed out, speak to one server."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    settings = {PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: auth}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        yield client


def pool_template() -> dict[str, Any]:
    """Return what a run's process is started from, without what would let a caller choose it.

    Whoever may start a run could otherwise have any command executed, by `command`, by variables
    such as ``PYTHONPATH`` in `env`, or by modules in a `working_dir`. The server refuses a run or a
    deployment that names a variable which is not there.
    """
    from prefect.workers.process import ProcessWorker

    template = deepcopy(ProcessWorker.get_default_base_job_template())
    for name in CLOSED:
        template["job_configuration"].pop(name, None)
        template["variables"]["properties"].pop(name, None)
    template["variables"]["additionalProperties"] = False
    return template


def create_pool(client: "SyncPrefectClient") -> str:
    """Create the work pool, or give an existing one its template; say which of them."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    template = pool_template()
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type="process", base_job_template=template)
        )
        return "created"
    if pool.base_job_template == template:
        return "unchanged"
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))
    return "updated"


def hold_pool(folder: StackFolder) -> None:
    """Let no worker take another run; a server that does not answer gives out none.

    A worker that is told to end kills its runs, so it may only be told when they have ended.
    """
    from httpx import HTTPError
    from prefect.exceptions import ObjectNotFound

    try:
        keeper = json.loads(folder.services.read_text())["keeper"]["environment"]
        api, auth = keeper["PREFECT_API_URL"], keeper.get("PREFECT_API_AUTH_STRING")
    except (OSError, ValueError, KeyError):
        return
    if not answers(f"{api}/health"):
        return
    with suppress(HTTPError, ObjectNotFound), prefect_at(api, auth) as client:
        if not client.read_work_pool(POOL).is_paused:  # what a person has paused stays paused
            folder.held.touch()
            _pause(client, True)


def release_pool(client: "SyncPrefectClient", folder: StackFolder) -> None:
    """Let workers take runs again, if it was `down` that held the pool."""
    if folder.held.exists():
        _pause(client, False)
        folder.held.unlink(missing_ok=True)


def _pause(client: "SyncPrefectClient", paused: bool) -> None:
    from prefect.client.schemas.actions import WorkPoolUpdate

    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=paused))


def worker_online(client: "SyncPrefectClient", name: str, since: datetime) -> bool:
    """Say whether a worker has sent a heartbeat since a moment."""
    from httpx import HTTPError
    from prefect.exceptions import ObjectNotFound

    try:
        workers = client.read_workers_for_work_pool(POOL, limit=200)
    except (HTTPError, ObjectNotFound):
        return False
    return any(
        worker.name == name
        and worker.status == "ONLINE"
        and worker.last_heartbeat_time is not None
        and worker.last_heartbeat_time >= since
        for worker in workers
    )


def create_limits(client: "SyncPrefectClient", models: tuple[str, ...]) -> None:
    """Create the slots of every model; taken ones stay taken."""
    for model in models:
        for kind in KINDS:
            client.upsert_global_concurrency_limit_by_name(slot_name(kind, model), 1)


def secret_names(configs: tuple[ModelConfig, ...]) -> dict[str, str]:
    """Return which block takes which variable's secret.

    There is one for every secret of a channel, for the database that is queried for new data, and
    for the Pushgateway.
    """
    names = {GATEWAY_PASSWORD: GATEWAY_BLOCK}
    for config in configs:
        source = config.arrivals.source
        for holder in (*config.alerts.channels, *((source,) if source else ())):
            settings = holder.model_dump()
            for field, variable in settings.items():
                block = settings.get(f"{field.removesuffix('_variable')}_secret")
                if field.endswith("_variable") and isinstance(block, str):
                    names[str(variable)] = block
    return names


def save_secrets(names: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Save secrets of the environment as Prefect's Secret blocks, and return the blocks' names."""
    from prefect.blocks.system import Secret

    saved = []
    for variable, block in sorted(names.items()):
        if value := environment.get(variable, "").strip():
            Secret(value=value).save(block, overwrite=True, _sync=True)  # type: ignore[call-arg]
            saved.append(block)
    return tuple(saved)


def create_automations(client: "SyncPrefectClient", seconds: int = SILENT_SECONDS) -> None:
    """Create the automation that marks silent runs as crashed, or bring it up to date.

    A flow run sends heartbeats. Where they stop without an end of the run, its process is gone: the
    machine went down, or it was killed. Prefect leaves such a run in Running forever. To mark it as
    Crashed also frees its deployment's slot. `seconds` of silence count as an end.
    """
    wanted, existing = _silent_run(seconds), client.read_automations_by_name(AUTOMATION)
    if not existing:
        client.create_automation(wanted)
    elif not same_automation(existing[0], wanted):
        client.update_automation(existing[0].id, wanted)
    for extra in existing[1:]:
        client.delete_automation(extra.id)


def _silent_run(seconds: int) -> "AutomationCore":
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        after={HEARTBEAT},
        expect={HEARTBEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    message = f"No heartbeat for {seconds} s: the run's process is gone."
    return AutomationCore(
        name=AUTOMATION,
        description="Made by 'driftloop up', which keeps it up to date. See docs/stack.md.",
        enabled=True,
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message)],
    )


def register_deployments(plan: Plan) -> None:
    """Register every deployment with the stack's Prefect server, as ``driftloop deploy`` does.

    A model whose configuration cannot be used is left out, so that it does not keep the others
    from being watched after the machine has started.
    """
    log = plan.folder.log("deploy")
    command = [sys.executable, "-m", "flows.cli", "deploy", "--skip-broken"]
    with log.open("wb") as output:
        try:
            process = subprocess.run(  # noqa: S603 - a fixed command
                [*command, "--workspace", str(plan.workspace)],
                cwd=plan.checkout,
                env={**os.environ, **plan.clients},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_DEPLOY_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StackError(
                f"registering the deployments took over {_DEPLOY_SECONDS} s; see {log}"
            ) from None
    if process.returncode != 0:
        last_line = "".join(log.read_text(errors="replace").strip().splitlines()[-1:])
        why = last_line.removeprefix("error: ") or f"see {log}"
        raise StackError(f"the deployments could not be registered: {why}")
