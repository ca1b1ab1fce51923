"""Warnings of senders in the log of their run, each once."""

import logging
from functools import cache


@cache
def warn_once(text: str) -> None:
    """Log a warning to Prefect's run, or to driftloop's log where there is none."""
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger] = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("driftloop")
    logger.warning("%s", text)
