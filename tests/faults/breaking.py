"""What is broken in a process under test: it is killed at an edge, or a call of it fails."""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from unittest import mock
from uuid import UUID

from faults.moments import Moments
from httpx import HTTPStatusError

When = Literal["before", "after"]


@contextmanager
def break_in(fault: dict[str, Any] | None) -> Iterator[Moments | None]:
    """Break what a fault names, such as ``kill`` or ``stop``; nothing without one.

    A process that is killed at a moment, or whose moments are counted, counts them.
    """
    if fault is None:
        yield None
        return
    found = dict(fault)
    if found["how"] in ("count", "moment"):
        moments = Moments(found.get("kill"), found.get("delay", 0.0))
        moments.watch()
        yield moments
        return
    broken = {
        "kill": _killed,
        "stop": _stopped,
        "wake": _waking,
        "fail": _failing,
        "full": _full_disk,
    }[found.pop("how")]
    with broken(**found):
        yield None


@contextmanager
def _killed(when: When, edge: str) -> Iterator[None]:
    """Kill the process before or after a step, or a function named ``module:name``."""
    kind, _, name = edge.partition(":")
    if kind == "step":
        from tasks.runtime.step import Step

        real = Step.__call__
        with mock.patch.object(Step, "__call__", _step_edge(real, when, name)):
            yield
        return
    owner: Any = import_module(kind)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    with mock.patch.object(owner, last, _edge(getattr(owner, last), when)):
        yield


def _step_edge(real: Callable[..., Any], when: When, name: str) -> Callable[..., Any]:
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        if self.name != name:
            return real(self, *arguments, **named)
        return _edge(real, when)(self, *arguments, **named)

    return call


def _edge(real: Callable[..., Any], when: When) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


@contextmanager
def _stopped(edges: list[tuple[When, str]], note: str) -> Iterator[None]:
    """Stop the process at edges, each once; the n-th time its id and lease are noted in a file."""
    from tasks.coordination import slots

    leases: list[str] = []
    take, stops = slots.take_lease, 0

    def noted(*arguments: Any) -> Any:
        lease = take(*arguments)
        leases.append(str(lease._id))
        return lease

    def stop() -> None:
        nonlocal stops
        stops += 1
        draft = Path(f"{note}.draft")
        draft.write_text(f"{os.getpid()} {leases[-1]}")
        draft.rename(f"{note}.{stops}")
        os.kill(os.getpid(), signal.SIGSTOP)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(slots, "take_lease", noted))
        for when, edge in edges:
            stack.enter_context(_stopping(when, edge, stop))
        yield


@contextmanager
def _stopping(when: When, edge: str, stop: Callable[[], None]) -> Iterator[None]:
    module, _, name = edge.partition(":")
    owner: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real, left = getattr(owner, last), 1

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left, here = 0, left
        if here and when == "before":
            stop()
        found = real(*arguments, **named)
        if here and when == "after":
            stop()
        return found

    with mock.patch.object(owner, last, call):
        yield


@contextmanager
def _waking(note: str) -> Iterator[None]:
    """Work once another process is stopped and its lease has ended; let it go on afterwards."""
    from prefect.client.orchestration import get_client

    while not Path(note).exists():
        time.sleep(0.01)
    process, lease = Path(note).read_text().split()
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)
    with get_client(sync_client=True) as client, suppress(HTTPStatusError):
        client.release_concurrency_slots_with_lease(UUID(lease))  # it may have ended before
    try:
        yield
    finally:
        os.kill(int(process), signal.SIGCONT)


@contextmanager
def _failing(call: int, after: bool = False) -> Iterator[None]:
    """Let the n-th call of MLflow's client fail, before it does anything or after it did it.

    Calls that the client makes of itself are not counted: it passes over the failure of some.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    count = inside = 0

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any, **named: Any) -> Any:
            nonlocal count, inside
            count += not inside
            here = count == call and not inside
            inside += 1
            try:
                found = real(*arguments, **named) if after or not here else None
            finally:
                inside -= 1
            if here:
                raise MlflowException("the server broke off")
            return found

        return asked

    with mock.patch.multiple(
        MlflowClient, **{name: failing(getattr(MlflowClient, name)) for name in CLIENT_CALLS}
    ):
        yield
    assert count >= call, f"there were {count} calls only"


CLIENT_CALLS = (
    *("get_experiment_by_name", "search_runs", "create_run", "log_batch", "set_terminated"),
    *("set_tag", "finalize_logged_model", "update_run"),
    *("log_artifact", "log_artifacts", "log_text", "log_dict", "log_figure", "list_artifacts"),
    *("download_artifacts", "get_run", "search_logged_models", "create_registered_model"),
    *("create_model_version", "get_model_version", "get_model_version_by_alias"),
    *("search_model_versions", "set_model_version_tag", "get_registered_model"),
    *("set_registered_model_tag", "set_registered_model_alias", "get_model_version_download_uri"),
)
"""What `tasks` asks of MLflow's client."""


@contextmanager
def _full_disk(write: int) -> Iterator[None]:
    """Let the n-th file that is written into the artifact store meet a full disk."""
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository as Local

    real, count = Local.log_artifact, 0

    def store(self: Any, local_file: str, artifact_path: str | None = None) -> None:
        nonlocal count
        count += 1
        if count == write:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.artifact_dir)
        real(self, local_file, artifact_path)

    with mock.patch.object(Local, "log_artifact", store):
        yield
