"""Processes of a stack, found by the mark in their environment, never by their name.

A process that is started by a marked one is marked too, also where its parent has been killed. A
process id that has been given to another process in the meantime does not count: psutil compares
start times.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.stack.services import MARK, SERVICE, StackFolder

if TYPE_CHECKING:
    import psutil  # type: ignore[import-untyped]

TERM_SECONDS = 10.0


def processes_of(folder: StackFolder, service: str | None = None) -> "list[psutil.Process]":
    """Return every living process of the stack, or of one service of it.

    This process and those it was started by do not count.
    """
    return [
        process
        for process, environment in _marked(folder)
        if service in (None, environment.get(SERVICE))
    ]


def runs_of(folder: StackFolder) -> "dict[str, list[psutil.Process]]":
    """Return the processes of flow runs, by the id of the run."""
    runs: dict[str, list[psutil.Process]] = {}
    for process, environment in _marked(folder):
        if run := environment.get("PREFECT__FLOW_RUN_ID"):
            runs.setdefault(run, []).append(process)
    return runs


def end(processes: "list[psutil.Process]") -> None:
    """Ask processes to end, and end by force those that do not within `TERM_SECONDS`."""
    import psutil

    ask(processes)
    for process in psutil.wait_procs(processes, timeout=TERM_SECONDS)[1]:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=TERM_SECONDS)


def ask(processes: "list[psutil.Process]") -> None:
    """Ask processes to end, and do not wait."""
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.terminate()


def sweep(folder: StackFolder) -> int:
    """End every process of the stack that is left, and return how many there were."""
    count = 0
    for _ in range(3):  # one that is just being started is met by the next round
        if left := processes_of(folder):
            count += len(left)
            end(left)
    return count


def listener(port: int) -> str | None:
    """Return who listens on a port, as ``pid 12 (nginx)``, where this user may see it."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    listening = [link for link in connections if link.status == psutil.CONN_LISTEN]
    pid = next((link.pid for link in listening if link.pid and link.laddr.port == port), None)
    if pid is None:
        return None
    try:
        return f"pid {pid} ({psutil.Process(pid).name()})"
    except psutil.Error:
        return f"pid {pid}"


def is_running(pid: int) -> bool:
    """Say whether there is such a process, other than one that waits to be reaped."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _marked(folder: StackFolder) -> "Iterator[tuple[psutil.Process, dict[str, str]]]":
    import psutil

    mark, me = str(folder.root), os.getuid()
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid in own or process.uids().real != me:
                continue
            environment = process.environ()
            if environment.get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process, environment
        except (psutil.Error, OSError):
            continue
