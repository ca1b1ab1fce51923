"""The keeper of a stack: restarts what hangs, and settles runs whose process is gone.

supervisord restarts a service that ends. It does not see one that runs and no longer answers.

Prefect learns from a worker how a run ended. Where the worker died too, such as after a power
failure, the run stays in Running. The keeper notes which runs have a process here, and settles
those that have none any more. A run that its worker took and never began stays pending, which
Prefect's server does not end either: it is put back, to be taken again.
"""

import json
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tasks.coordination.lost_runs import children_of, settle, unsettled
from tasks.runtime import clock
from tasks.runtime.atomic_file import write_atomically
from tasks.runtime.servers.local_server import answers
from tasks.stack.prefect_server import prefect_at
from tasks.stack.processes import runs_of
from tasks.stack.services import POOL, StackFolder
from tasks.stack.supervisor import Supervisor

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import State

MESSAGE = "The run's process is gone: it was killed, or its machine or worker went down."
PUT_BACK = "Its worker was lost before it began."
PENDING_AT_MOST = timedelta(minutes=5)
"""As long as Prefect's server keeps a deployment's slot for a worker that is silent."""

LOOK_SECONDS = 10.0
SILENT_LOOKS = 12
"""Two minutes without an answer: a slow machine is not taken for a service that hangs."""


def keep(folder: StackFolder, api: str, auth: str | None, health: Mapping[str, str]) -> None:
    """Look after a stack forever; what fails in one round is logged and tried in the next."""
    silent = dict.fromkeys(health, 0)
    while True:
        try:
            for name in silent_too_long(Supervisor(folder), health, silent):
                _log(f"{name} has not answered for long; it is restarted")
                Supervisor(folder).restart_service(name)
            with prefect_at(api, auth) as client:
                for run in settle_dead_runs(client, folder):
                    _log(f"flow run {run} has no process any more; it is marked as crashed")
                for run in put_back_runs(client, folder):
                    _log(f"flow run {run} was taken and never began; it is put back")
        except Exception as error:  # the keeper outlives whatever it looks after
            _log(f"{type(error).__name__}: {error}".splitlines()[0])
        time.sleep(LOOK_SECONDS)


def silent_too_long(
    supervisor: Supervisor, health: Mapping[str, str], silent: dict[str, int]
) -> tuple[str, ...]:
    """Count looks without an answer, and return the services that run and gave too many of them."""
    states = supervisor.states()
    for name, url in health.items():
        running = states.get(name, {}).get("statename") == "RUNNING"
        silent[name] = silent[name] + 1 if running and not answers(url) else 0
    hanging = tuple(name for name, looks in silent.items() if looks >= SILENT_LOOKS)
    silent.update(dict.fromkeys(hanging, 0))
    return hanging


def remembered(folder: StackFolder) -> set[str]:
    """Return the runs that had a process when last looked."""
    try:
        return set(json.loads((folder.root / "runs.json").read_text()))
    except (OSError, ValueError):
        return set()


def remember(folder: StackFolder, runs: Iterable[str]) -> None:
    """Note which runs have a process."""
    write_atomically(folder.root / "runs.json", json.dumps(sorted(runs)), mode=0o600)


def settle_dead_runs(client: "SyncPrefectClient", folder: StackFolder) -> tuple[str, ...]:
    """Mark runs as crashed whose process was seen and is gone; return their ids.

    A run that has just ended by itself tells Prefect so before its process ends.
    """
    known, living = remembered(folder), set(runs_of(folder))
    remember(folder, known | living)
    settled = tuple(run for run in sorted(known - living) if _settle(client, UUID(run)))
    remember(folder, living)
    return settled


def put_back_runs(client: "SyncPrefectClient", folder: StackFolder) -> tuple[str, ...]:
    """Schedule again what a worker of this stack took long ago and never began; return the ids.

    Each keeps the time for which it was scheduled, as of which it monitors.
    """
    from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter
    from prefect.states import Scheduled

    now = clock.now()
    pending = client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["PENDING"]}}}),
        work_pool_filter=WorkPoolFilter.model_validate({"name": {"any_": [POOL]}}),
    )
    old = [run for run in pending if run.state and run.state.timestamp < now - PENDING_AT_MOST]
    living = runs_of(folder) if old else {}  # looks at every process, and is asked for all the time
    lost = [run for run in old if str(run.id) not in living]
    for run in lost:
        due: State[Any] = Scheduled(scheduled_time=run.expected_start_time or now, message=PUT_BACK)
        client.set_flow_run_state(run.id, due, force=True)
    return tuple(str(run.id) for run in lost)


def _settle(client: "SyncPrefectClient", run: UUID) -> bool:
    from prefect.exceptions import ObjectNotFound

    try:
        flow_run = client.read_flow_run(run)
    except ObjectNotFound:
        return False
    if not unsettled(flow_run):
        return False
    children = client.read_flow_runs(flow_run_filter=children_of(run))
    settle(client, MESSAGE, *children, flow_run)
    return True


def _log(line: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", flush=True)


def main() -> None:
    """Keep the stack whose state folder is named on the command line."""
    folder = StackFolder(Path(sys.argv[1]))
    services = json.loads(folder.services.read_text())
    environment = services["keeper"]["environment"]
    api, auth = environment["PREFECT_API_URL"], environment.get("PREFECT_API_AUTH_STRING")
    health = {name: service["health"] for name, service in services.items() if service["health"]}
    keep(folder, api, auth, health)


if __name__ == "__main__":
    main()
