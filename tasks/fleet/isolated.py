"""A function in a process of its own, forked from one that has everything imported.

What a call needs in memory is given back after it, and one that hangs or is killed takes nothing
with it.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import current_process, get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Lock, Thread
from typing import Any

from driftloop.base.environment import THREADS
from driftloop.base.errors import DriftloopError, UnavailableError

GRACE_SECONDS = 5.0
"""How long a process that is ended has, before it is ended by force."""


class LostProcessError(UnavailableError):
    """A process ended without a result, or had to be ended because it took too long."""


class Isolated:
    """Calls of functions, each in a process of its own; they may come from several threads.

    Processes are forked from one that has imported `modules`, where the system can do that, and
    else started again.
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        forks = "forkserver" in get_all_start_methods()
        self._context: Any = get_context("forkserver" if forks else "spawn")
        if forks:
            self._context.set_forkserver_preload(["__main__", *modules])
        for name, value in THREADS.items():  # read when a library is loaded, before any call
            os.environ.setdefault(name, value)
        self._starting, self.running = Lock(), set[Any]()
        # Python refuses children to a daemon, as a Dask worker is one, for they would be left
        # behind; these end with their parent.
        vars(current_process())["_config"]["daemon"] = False

    def __call__(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `function` returns, a function of a module, with arguments that can be sent.

        Raises:
            LostProcessError: if it takes longer than `seconds`, or its process is killed.
            DriftloopError: for what it raises, with the same line.
        """
        receive, send = self._context.Pipe(duplex=False)
        answered = send, function, arguments, dict(os.environ)
        process = self._context.Process(target=_answer, args=answered)
        with self._starting:  # the first start begins the process that the others are forked from
            process.start()
        send.close()
        self.running.add(process)
        try:
            return _result(receive, seconds, process)
        finally:
            _end(process)
            self.running.discard(process)

    def stop(self) -> None:
        """End every call that is still under way."""
        for process in tuple(self.running):
            process.terminate()


@contextmanager
def isolated(modules: tuple[str, ...]) -> Iterator[Isolated]:
    """Yield what calls functions in processes; none of them outlives this."""
    calls = Isolated(modules)
    try:
        yield calls
    finally:
        calls.stop()


def _answer(
    send: Connection, function: Callable[..., Any], arguments: Any, environment: Mapping[str, str]
) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout = sys.stderr  # standard output is the caller's, for its result
    try:
        answer = True, function(*arguments)
    except DriftloopError as error:
        answer = False, str(error)
    except Exception as error:
        answer = False, f"{type(error).__name__}: {' '.join(str(error).split())}"
    send.send(answer)
    send.close()


def _end_with_parent() -> None:
    """End this process once its parent is gone: else it would go on where nobody sees it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])  # type: ignore[attr-defined,unused-ignore]
        os._exit(1)


def _result(receive: Connection, seconds: float, process: Any) -> Any:
    if not receive.poll(seconds):
        raise LostProcessError(f"took longer than {seconds:g} s and was ended")
    try:
        succeeded, answer = receive.recv()
    except EOFError:
        process.join(GRACE_SECONDS)
        raise LostProcessError(
            f"its process was killed (exit code {process.exitcode}), perhaps for want of memory"
        ) from None
    if not succeeded:
        raise DriftloopError(answer)
    return answer


def _end(process: Any) -> None:
    process.join(GRACE_SECONDS)  # what it sends to Prefect at its end is let through
    if process.is_alive():
        process.terminate()
        process.join(GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
