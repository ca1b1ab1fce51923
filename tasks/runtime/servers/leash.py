"""A leash for a Python module: it ends, with all it started, when its parent ends in any way.

``python leash.py MODULE ARGUMENT…``: standard input is a pipe that only the parent holds open, so
it ends with the parent, also where that is killed and cleans nothing up.
"""

import gc
import os
import runpy
import signal
import sys
import threading
import time

PATIENCE_SECONDS = 5


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    if os.getpgrp() != os.getpid():
        raise SystemExit("a leashed process has to lead a group of its own, which ends with it")
    threading.Thread(target=_watch, daemon=True).start()
    del sys.path[0]  # the folder of this file
    sys.argv = sys.argv[1:]
    gc.set_threshold(50_000, 20)  # imports make millions of objects, all of which stay
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
