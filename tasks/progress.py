"""How far a long step has got, in the log of its run."""

import logging
from collections.abc import Callable

from tasks.job import Job


def progress(job: Job, what: str) -> Callable[[int, int], None]:
    """Return a function that is told how many of how many are done, and logs it.

    It logs each tenth at most, to Prefect's run where there is one.
    """
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger] = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("driftloop")
    last = -1

    def on_progress(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 * done // max(total, 1)
        if tenth != last:
            last = tenth
            logger.info("%s of %s: %d of %d", what, job.model, done, total)

    return on_progress
