"""The machine on which results were measured."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Return the processor, its cores, the memory and the system."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def sentence() -> str:
    """Describe this machine in one sentence of the page."""
    facts = machine()
    return (
        f"Measured on {facts['cores']} cores of an {facts['processor']} "
        f"with {facts['memory_gb']} GB, {facts['system']}."
    )


def one_thread() -> None:
    """Let OpenMP and BLAS use one thread from now on: of few rows, more would only wait."""
    import sklearn.ensemble  # noqa: F401 - only what is loaded is limited
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
