"""What is broken in a process under test: it is killed at an edge, or a call of it fails."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal
from unittest import mock

When = Literal["before", "after"]


@contextmanager
def break_in(fault: dict[str, Any] | None) -> Iterator[None]:
    """Break what a fault names: ``kill``, ``fail`` or ``full``; nothing without one."""
    if fault is None:
        yield
        return
    found = dict(fault)
    broken = {"kill": _killed, "fail": _failing, "full": _full_disk}[found.pop("how")]
    with broken(**found):
        yield


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
