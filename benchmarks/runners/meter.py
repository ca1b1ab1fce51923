"""Measures one tool: seconds, peak memory and the time its imports take.

Only the standard library, so that it runs in every environment and adds nothing to the memory.
"""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

Job = dict[str, Any]
Verdict = Callable[[], list[str]]

LONG_SECONDS = 60.0


def memory(key: str) -> float:
    """Return one entry of /proc/self/status, ``VmRSS`` or ``VmHWM``, in MB of 10^6 bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/self/status has no {key}; the benchmarks need Linux.")


def reset_peak() -> float:
    """Start the kernel's high-water mark anew and return the memory in use now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def measure(verdict: Verdict, repeats: int) -> dict[str, Any]:
    """Call the verdict `repeats` times, or once if that takes longer than a minute."""
    seconds: list[float] = []
    processor: list[float] = []
    before = reset_peak()
    peak = 0.0
    while len(seconds) < (1 if seconds and seconds[0] > LONG_SECONDS else repeats):
        start, busy = perf_counter(), process_time()
        drifted = verdict()
        seconds.append(perf_counter() - start)
        processor.append(process_time() - busy)
        # A monitoring run is a fresh process, so the first call's peak is the one it would see.
        peak = peak or memory("VmHWM") - before
    measured = {"seconds": seconds, "processor_seconds": processor, "peak_mb": peak}
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
