"""Client of the warm parent, started for each run: it asks for a process and stands in for it.

Signals are passed on, and the end is the same. Without the parent it becomes the run itself, as
Prefect's own worker starts it. It is started without site-packages, so that it takes no time.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any

NUMBER = struct.Struct("!q")
COLD = ("-m", "prefect.engine")
ENDS = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def main() -> int:
    """Return the exit code of the run, or end as it did."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # they wait until there is a run to pass them to
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(sys.argv[1])
            folder = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than all the rest
            body = json.dumps({"environment": dict(os.environ), "folder": folder}).encode()
            socket.send_fds(link, [NUMBER.pack(len(body))], [1, 2])
            link.sendall(body)
            pid = _number(link)
        except OSError:
            pid = None
        if pid is None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
            print("no warm parent answers; the run imports for itself", file=sys.stderr, flush=True)
            os.execv(sys.executable, [sys.executable, *COLD])  # noqa: S606 - no shell

        def pass_on(number: int, _frame: Any) -> None:
            os.kill(pid, number)

        wake, woken = socket.socketpair()
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        for number in ENDS:
            signal.signal(number, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        # A signal just before a blocking call is handled only after it, unless something wakes it.
        while link not in select.select([link, woken], [], [])[0]:
            woken.recv(4096)
        code = _number(link)
    if code is None:  # the parent was killed, and its process has ended without it
        return 1
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    return code


def _number(link: socket.socket) -> int | None:
    """Read a number, or None where the other side ends before it."""
    got = b""
    while len(got) < NUMBER.size:
        part = link.recv(NUMBER.size - len(got))
        if not part:
            return None
        got += part
    return int(NUMBER.unpack(got)[0])


if __name__ == "__main__":
    sys.exit(main())
