"""Stop of a stack: runs first, then services, then whatever is left."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from tasks.stack.prefect_server import hold_pool
from tasks.stack.processes import ask, processes_of, runs_of, sweep
from tasks.stack.services import StackFolder
from tasks.stack.supervisor import Supervisor, socket_of
from tasks.stack.watchdog import remember, remembered

REPORT_SECONDS = 20.0
"""How long a run that was asked to end may take to report that to Prefect."""
STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StackStop:
    """The end of a stack; ``driftloop down --json``."""

    stopped: Annotated[bool, Field(description="False where nothing was running.")]
    runs_ended: Annotated[
        tuple[str, ...],
        Field(description="Ids of the flow runs that did not end within the grace time."),
    ]
    sentence: str


NOTHING = StackStop(stopped=False, runs_ended=(), sentence="Nothing is running.")


def stop_stack(folder: StackFolder, grace: float, tell: Callable[[str], None]) -> StackStop:
    """Stop everything of a stack; flow runs have `grace` seconds to end by themselves."""
    supervisor = Supervisor(folder)
    if not supervisor.answers() and not processes_of(folder):
        _tidy(folder)
        return NOTHING
    ended: tuple[str, ...] = ()
    if supervisor.answers():
        supervisor.stop_service("keeper")
        hold_pool(folder)
        ended = _end_runs(folder, grace, tell)
        tell("stopping the services")
        supervisor.shut_down()
        _await(lambda: supervisor.pid() is None, STOP_SECONDS)
    if left := sweep(folder):
        tell(f"ended {left} processes that were left")
    _tidy(folder)
    runs = f"; {len(ended)} flow runs did not end in time and were ended" if ended else ""
    return StackStop(stopped=True, runs_ended=ended, sentence=f"The stack is stopped{runs}.")


def _end_runs(folder: StackFolder, grace: float, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Let runs end; ask those to end that do not, while the Prefect server still answers."""
    runs = runs_of(folder)
    if not runs:
        return ()
    tell(f"waiting up to {grace:.0f} s for {len(runs)} flow runs to end")
    if _await(lambda: not runs_of(folder), grace):
        return ()
    late = runs_of(folder)
    tell(f"ending {len(late)} flow runs")
    remember(folder, remembered(folder) | set(late))  # the next `up` settles what none reports
    ask([process for processes in late.values() for process in processes])
    _await(lambda: not runs_of(folder), REPORT_SECONDS)
    return tuple(sorted(late))


def _await(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _tidy(folder: StackFolder) -> None:
    for path in (folder.pid_file, folder.running, folder.shell):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        socket = socket_of(folder)
        socket.unlink(missing_ok=True)
        if socket.parent != folder.root:
            socket.parent.rmdir()
