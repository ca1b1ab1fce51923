"""Factory of this project's Prefect tasks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import is_dataclass
from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TagsContext
from prefect.logging import get_run_logger
from prefect.results import get_result_store
from prefect.states import Completed, Failed, format_exception
from prefect.utilities.annotations import quote

from driftloop.base.errors import UnavailableError

P = ParamSpec("P")
R = TypeVar("R")
RETRY_SECONDS: list[float] = [1, 4, 10]
_INLINE: ContextVar[bool] = ContextVar("driftloop_inline", default=False)
_WITHOUT_TASKS: ContextVar[str | None] = ContextVar("driftloop_without_tasks", default=None)

_PREFECT_OPTIONS = {"return_state", "wait_for"}


def _opaque(value: Any) -> Any:
    """Mark a record as one value, which Prefect does not search for futures.

    It would go through every number of a record for each task that receives it; driftloop's tasks
    receive results, never futures.
    """
    return quote(value) if is_dataclass(value) else value


class Step(Task[P, R]):
    """A task that runs as a plain function while `inline` or `without_tasks` holds."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Run the task through Prefect, or as the function it wraps."""
        if _INLINE.get():
            return self.fn(*arguments, **named)
        run = FlowRunContext.get()
        if run is not None and run.flow is not None and run.flow.name == _WITHOUT_TASKS.get():
            return self._without_task(*arguments, **named)
        named = {
            name: value if name in _PREFECT_OPTIONS else _opaque(value)
            for name, value in named.items()
        }
        # The run's tags would be the task's, too, and for a task with tags Prefect queries limits
        # on its server first; SQLite sometimes refuses that, and a refusal costs seconds.
        with TagsContext(current_tags=set()):
            return super().__call__(*map(_opaque, arguments), **named)

    def _without_task(self, *arguments: Any, return_state: bool = False, **named: Any) -> Any:
        """Do what Prefect's engine does for a task, without a run of it."""
        try:
            result = self._tried(*arguments, **named)
        except Exception as error:
            if not return_state:
                raise
            get_run_logger().exception("%s failed", self.name)
            return Failed(data=error, message=format_exception(error))
        if not return_state:
            return result
        return Completed(data=get_result_store().create_result_record(result))  # None, too

    def _tried(self, *arguments: Any, **named: Any) -> R:
        for seconds in RETRY_SECONDS[: self.retries]:
            try:
                return self.fn(*arguments, **named)
            except UnavailableError as error:
                get_run_logger().warning("%s: %s; again in %g s", self.name, error, seconds)
                time.sleep(seconds)
        return self.fn(*arguments, **named)


@contextmanager
def inline() -> Iterator[None]:
    """Run steps as plain functions, without Prefect's bookkeeping, as a backtest does.

    The code of a step and the order of steps are the same. Steps are not retried, because a
    backtest calls no service.
    """
    token = _INLINE.set(True)
    try:
        yield
    finally:
        _INLINE.reset(token)


@contextmanager
def without_tasks(flow: str) -> Iterator[None]:
    """Run the steps of a flow without task runs, and still retry them; not those of its subflows.

    A task run's events cost Prefect's server 30 ms, which a fleet would spend a dozen times for
    each model. What a step logs or raises is in the flow run.
    """
    token = _WITHOUT_TASKS.set(flow)
    try:
        yield
    finally:
        _WITHOUT_TASKS.reset(token)


def _worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """Retry only where a service did not answer; bad input stays bad."""
    return isinstance(state.result(raise_on_failure=False), UnavailableError)


def step(name: str, retries: int = 0) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return a decorator that makes a named task without caching.

    Prefect hashes a task's inputs for its cache unless told otherwise, which costs a second for
    a large table. With `retries`, a task is tried again where it raised `UnavailableError`.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return Step(
            function,
            name=name,
            retries=retries,
            retry_delay_seconds=RETRY_SECONDS[:retries],
            retry_condition_fn=_worth_retrying if retries else None,
            cache_policy=NO_CACHE,
            persist_result=False,
        )

    return decorate
