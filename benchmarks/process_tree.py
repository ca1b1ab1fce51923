"""Usage of a process and all below it: processor seconds and memory, sampled while they run."""

import threading
from types import TracebackType

import psutil

_EVERY = 0.5


class ProcessTree:
    """Looks at some processes and all below them twice a second, until it is left.

    The processor's seconds of processes that have ended are known to those that waited for them.
    Memory is what is held by one alone, and a share of what several hold.
    """

    def __init__(self, *roots: int, memory: bool = True) -> None:
        self._roots, self._memory = roots, memory
        self.seconds, self.peak_bytes = 0.0, 0
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> "ProcessTree":
        self._begin = seconds_of(self._roots)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._left.is_set():
            self.seconds = max(self.seconds, seconds_of(self._roots) - self._begin)
            if self._memory:
                self.peak_bytes = max(self.peak_bytes, _memory(self._roots))
            self._left.wait(_EVERY)
        self.seconds = max(self.seconds, seconds_of(self._roots) - self._begin)


def _living(roots: tuple[int, ...]) -> list[psutil.Process]:
    found = []
    for root in roots:
        try:
            process = psutil.Process(root)
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def seconds_of(roots: tuple[int, ...]) -> float:
    """Return the processor's seconds of what lives, and of what it has waited for."""
    total = 0.0
    for process in _living(roots):
        try:
            total += sum(process.cpu_times()[:4])  # its own, and those of children that ended
        except psutil.NoSuchProcess:
            continue
    return total


def _memory(roots: tuple[int, ...]) -> int:
    total = 0
    for process in _living(roots):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total
