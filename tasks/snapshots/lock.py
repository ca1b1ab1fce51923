"""One writer of a data repository at a time; who waits in vain learns who holds it.

The holder's note is gone once its run has ended: the next one finds it where a run was cut off.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from driftloop.base.errors import DriftloopError, UnavailableError
from driftloop.base.periods import format_time, parse_time
from tasks.coordination.file_lock import file_lock
from tasks.coordination.slots import snapshot_slot
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.snapshots.cut_off import clear_after_cut_off
from tasks.snapshots.working_copy import WorkingCopy

LOCK_SECONDS = 120


@contextmanager
def one_writer(job: Job, copy: WorkingCopy) -> Iterator[None]:
    """Hold the right to make snapshots in a working copy, and of the model on other machines.

    Raises:
        UnavailableError: if another run holds it for too long; says which one.
    """
    holder = copy.state / "holder.json"
    with ExitStack() as stack:  # only what taking the lock raises is about the lock
        try:
            stack.enter_context(file_lock(copy.state / "snapshot.lock", LOCK_SECONDS, 0.2))
        except TimeoutError as error:
            raise UnavailableError(
                f"another snapshot {_described(holder)} has held {copy.root} for {LOCK_SECONDS} s; "
                "run it again when that one has ended"
            ) from error
        stack.enter_context(snapshot_slot(job))
        if holder.is_file():
            clear_after_cut_off(copy, holder.stat().st_mtime)
        who = {"model": job.model, "pid": os.getpid(), "host": socket.gethostname()}
        partial = holder.with_suffix(".partial")
        partial.write_text(json.dumps({**who, "since": clock.now().isoformat()}), encoding="utf-8")
        partial.replace(holder)
        try:
            yield
        except DriftloopError:
            holder.unlink()
            raise
        holder.unlink()


def _described(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        since = format_time(parse_time(who["since"]))
        return f"({who['model']}, process {who['pid']} on {who['host']}, since {since} UTC)"
    except (OSError, ValueError, KeyError):
        return "(its process is not known)"
