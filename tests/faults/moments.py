"""The moments of a run, counted, so that a kill at any of them can be repeated.

What a run does to files, databases, other processes and the network are its events. The n-th of
them is the same, or nearly the same, in every run from the same state.
"""

import os
import signal
import sys
import threading
import time
from typing import Any

_FILES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")
_OUTSIDE = ("subprocess.Popen", "socket.connect", "http.client.send", "sqlite3.connect")
_EVENTS = frozenset((*_FILES, *_OUTSIDE))
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE")


class Moments:
    """Counts events; at the one that `kill` names, the whole process group is killed.

    With a `delay` in seconds that happens later by as much, as in the middle of Git or of a call
    that is no event.
    """

    def __init__(self, kill: int | None = None, delay: float = 0.0) -> None:
        self.count = 0
        self._kill, self._delay = kill, delay
        self._due = threading.Event()

    def watch(self) -> None:
        """Count from now on, to the end of the process."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        if self._kill is not None and self._delay:
            threading.Thread(target=self._kill_later, daemon=True).start()
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda _: self._happened())
        sys.addaudithook(self._audited)

    def _audited(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _EVENTS or (name == "open" and _writes(arguments[2])):
            self._happened()

    def _statement(self, _engine: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(_CHANGES):
            self._happened()

    def _happened(self) -> None:
        self.count += 1
        if self.count == self._kill:
            if self._delay:
                self._due.set()
            else:
                os.killpg(0, signal.SIGKILL)

    def _kill_later(self) -> None:
        self._due.wait()
        time.sleep(self._delay)
        os.killpg(0, signal.SIGKILL)


def _writes(flags: int) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
