"""Meter of one tool: seconds, peak memory and the time its imports take.

Only the standard library, so that it runs in every environment and adds nothing to the memory.
"""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time
from typing import Any

Job = dict[str, Any]
Verdict = Callable[[], list[str]]

LONG_SECONDS, ENOUGH_SECONDS = 60.0, 2.0


def memory(key: str) -> float:
    """Return an entry of /proc/self/status, such as ``VmRSS`` or ``VmHWM``, in MB of 10^6 bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/self/status has no {key}; the benchmarks need Linux.")


def reset_peak() -> float:
    """Start the kernel's high-water mark afresh and return the memory in use now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


class PrivateMemory:
    """The most memory of its own that the process held, in MB: the pages of mapped files aside.

    The kernel keeps no high-water mark of it, so it is looked at ten times a second.
    """

    def __init__(self) -> None:
        self.peak = memory("RssAnon")
        self._ended = Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PrivateMemory":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, memory("RssAnon"))


def measure(verdict: Verdict, repeats: int) -> dict[str, Any]:
    """Call the verdict `repeats` times and for two seconds, or once if that takes over a minute."""
    seconds: list[float] = []
    processor: list[float] = []
    before, own = reset_peak(), memory("RssAnon")
    peak = 0.0
    with PrivateMemory() as private:
        while not seconds or (
            seconds[0] < LONG_SECONDS
            and (len(seconds) < repeats or (repeats > 1 and sum(seconds) < ENOUGH_SECONDS))
        ):
            start, busy = perf_counter(), process_time()
            drifted = verdict()
            seconds.append(perf_counter() - start)
            processor.append(process_time() - busy)
            # A monitoring run is a fresh process, so the first call's peak is the one it would see.
            peak = peak or memory("VmHWM") - before
    measured = {"seconds": seconds, "processor_seconds": processor, "peak_mb": peak}
    measured["private_mb"] = private.peak - own
    return measured | {"drifted": sorted(drifted)}


def run(load: Callable[[Job], Verdict], packages: tuple[str, ...]) -> None:
    """Run the job given as the first argument and print its result as the last line.

    Args:
        load: Imports what the tool needs and returns the function that is measured.
        packages: Distributions whose versions the result records.
    """
    job = json.loads(sys.argv[1])
    start = perf_counter()
    verdict = load(job)
    imports = perf_counter() - start
    result = measure(verdict, job["repeats"])
    versions = {name: version(name) for name in packages}
    versions["python"] = ".".join(map(str, sys.version_info[:3]))
    print("\n" + json.dumps({"import_seconds": imports, "versions": versions, **result}))
