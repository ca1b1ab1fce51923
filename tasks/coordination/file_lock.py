"""A lock between the processes of one machine, freed by the operating system when they end."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path, seconds: float, pause: float) -> Iterator[None]:
    """Hold the lock of a file, which is created where it is missing.

    It waits for another process for so many seconds, with a pause (in seconds) between attempts.

    Raises:
        TimeoutError: if another process holds it for longer.
    """
    end = time.monotonic() + seconds
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"{path} is held by another process") from None
                time.sleep(pause)
        yield
