"""The warm parent of a worker: has everything imported, and forks a process for each run.

It keeps a connection to each run's client. A client that is gone takes its run with it, and a run
that ends tells its client how. It lives as long as the worker, and until the last run has ended.
"""

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tasks.fleet.worker_client import NUMBER

REQUEST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """A run that is to be started: its variables, its working directory, where its output goes."""

    environment: dict[str, str]
    folder: str
    outputs: tuple[int, ...]


class Parent:
    """Serves requests that come through a listening socket."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._runs: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)

    def serve(self) -> Request | None:
        """Return a request in each forked process; None here, at the end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        worker = 0  # standard input ends with the worker
        sources: tuple[socket.socket | int, ...] = (self._listener, self._woken, worker)
        for source in sources:
            self._selector.register(source, selectors.EVENT_READ)
        lives = True
        while lives or self._runs:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    if request := self._start():
                        return request
                elif key.fileobj is self._woken:
                    self._woken.recv(4096)
                    self._reap()
                elif key.fileobj == worker:
                    lives = False
                    self._selector.unregister(worker)
                    self._selector.unregister(self._listener)
                    self._listener.close()
                else:
                    self._lost(key.data)
        return None

    def _start(self) -> Request | None:
        link, _ = self._listener.accept()
        try:
            request = _read(link)
            pid = os.fork()
        except (OSError, ValueError, KeyError, struct.error):  # its client starts the run itself
            link.close()
            return None
        if pid == 0:
            self._become_run()
            return request  # the link stays open as long as the run lives
        for output in request.outputs:
            os.close(output)
        self._runs[pid] = link
        self._selector.register(link, selectors.EVENT_READ, pid)
        with suppress(OSError):
            link.sendall(NUMBER.pack(pid))
        return None

    def _become_run(self) -> None:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for other in (self._listener, self._wake, self._woken, *self._runs.values()):
            other.close()

    def _reap(self) -> None:
        for pid in tuple(self._runs):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                link = self._runs.pop(pid)
                with suppress(KeyError):
                    self._selector.unregister(link)
                with suppress(OSError):
                    link.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
                link.close()

    def _lost(self, pid: int) -> None:
        """End a run whose client is gone, and whatever that run has started."""
        if (link := self._runs.get(pid)) is None:  # it has just ended, too
            return
        self._selector.unregister(link)
        for kill in (os.killpg, os.kill):  # it may not lead its group yet
            with suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)


def _read(link: socket.socket) -> Request:
    link.settimeout(REQUEST_SECONDS)
    head, outputs, _, _ = socket.recv_fds(link, NUMBER.size, 2)
    with link.makefile("rb", buffering=0) as stream:
        left, parts = NUMBER.unpack(head)[0], []
        while left and (part := stream.read(left)):
            parts.append(part)
            left -= len(part)
    link.settimeout(None)
    load: dict[str, Any] = json.loads(b"".join(parts))
    return Request(load["environment"], load["folder"], tuple(outputs))


def take_over(request: Request) -> None:
    """Take the variables, the working directory and the output of a run."""
    for number, output in enumerate(request.outputs, start=1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder)


def run(request: Request) -> None:
    """Be the run's process from here on, as `python -m prefect.engine` is."""
    from prefect.context import refresh_global_settings_context

    take_over(request)
    refresh_global_settings_context()
    sys.argv = ["prefect.engine"]
    sys.modules.pop("prefect.engine", None)  # it is run again, as the main module
    runpy.run_module("prefect.engine", run_name="__main__")


def main() -> None:
    """Import, then serve the socket that is inherited under the given number."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    from tasks.fleet.imported import import_all

    import_all()
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    gc.collect()
    gc.freeze()  # else each process would look through all of it again, and copy it
    if request := Parent(listener).serve():
        run(request)


if __name__ == "__main__":
    main()
