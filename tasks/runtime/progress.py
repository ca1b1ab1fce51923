"""Progress of a long step: in the log of its run, on the terminal, as a bar in the Prefect UI."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

Logger: TypeAlias = "logging.Logger | logging.LoggerAdapter[logging.Logger]"
Watcher: TypeAlias = Callable[[str, int, int], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("progress", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Call `watcher` with what a step does, how many are done and of how many, while this lasts."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def progress(name: str, what: str) -> Callable[[int, int], None]:
    """Return a function that logs progress, called with how many are done of how many.

    It logs once per tenth, in Prefect's run where there is one.
    """
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        logger: Logger = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("driftloop")
    last, bar, watcher = -1, _bar(name, what, logger), _WATCHER.get()

    def on_progress(done: int, total: int) -> None:
        nonlocal last
        if watcher is not None:
            watcher(f"{what} of {name}", done, total)
        tenth = 10 * done // max(total, 1)
        if tenth != last:
            last = tenth
            logger.info("%s of %s: %d of %d", what, name, done, total)
            bar(100.0 * done / max(total, 1))

    return on_progress


def _bar(name: str, what: str, logger: Logger) -> Callable[[float], None]:
    """Return what moves the bar; an error of the bar is logged and does not fail the work."""
    from tasks.runtime.artifacts import artifact_key, has_server

    if not has_server():
        return lambda percent: None
    from prefect.artifacts import create_progress_artifact, update_progress_artifact

    key, description = artifact_key(name, what), f"{what} of {name}"
    try:
        bar: Any = create_progress_artifact(0.0, key=key, description=description)
    except Exception as error:
        logger.warning("no progress bar for %s: %s", what, error)
        return lambda percent: None

    def move(percent: float) -> None:
        try:
            update_progress_artifact(bar, percent)
        except Exception as error:
            logger.warning("the progress bar of %s cannot be updated: %s", what, error)

    return move
