"""Whether the services of a stack answer."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from driftloop.base.errors import StackError
from tasks.stack.services import StackFolder
from tasks.stack.supervisor import Supervisor

START_SECONDS = 240.0
"""A first start makes databases, on a slow machine beside other work."""


def answers(url: str, seconds: float = 5.0) -> bool:
    """Say whether an address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:  # noqa: S310 - our own
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for(name: str, folder: StackFolder, ready: Callable[[], bool]) -> None:
    """Return once a service is ready; `StackError` points to the log of one that never is."""
    end, log, supervisor = time.monotonic() + START_SECONDS, folder.log(name), Supervisor(folder)
    while not ready():
        state = supervisor.state_of(name)
        if state in ("FATAL", "EXITED", "UNKNOWN"):
            raise StackError(f"{name} does not stay up ({state.lower()}); see {log}")
        if time.monotonic() > end:
            raise StackError(f"{name} does not answer after {START_SECONDS:.0f} s; see {log}")
        time.sleep(0.3)
