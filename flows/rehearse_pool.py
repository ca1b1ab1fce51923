"""The rehearsals of a backtest side by side, each in a process of its own, with progress."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from multiprocessing import get_context
from typing import Any

from driftloop.backtest.summary import BaselineScores
from driftloop.base.environment import prepare_environment
from tasks.backtest.rehearsal import Outcome, Part

Report = Callable[[str, int, int, str], None]


def run_parts(parts: tuple[Part, ...], report: Report) -> tuple[Outcome, ...]:
    """Return the outcome of every part, in their order; as many run at a time as there are cores.

    Args:
        parts: what to rehearse.
        report: is told the name of a part, how many of its periods are done, of how many, and what
            the last one decided.
    """
    workers = min(len(parts), os.cpu_count() or 1)
    if workers == 1:
        return tuple(run_part(part, report) for part in parts)
    spawn = get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        queue = manager.Queue()
        futures = [pool.submit(_in_process, part, queue, os.environ.copy()) for part in parts]
        _follow(futures, queue, report)
        return tuple(future.result() for future in futures)


def run_part(part: Part, report: Report) -> Outcome:
    """Return the outcome of one part."""
    from flows.rehearse import rehearse
    from tasks.backtest.always_retrain import always_retrained
    from tasks.backtest.rehearsal import rehearsal

    def on_period(done: int, action: str) -> None:
        report(part.name, done, len(part.moments) - 1, action)

    if part.kind == "policy":
        given = part.root, part.name, part.config, part.rev, part.moments
        policy, frozen = rehearse(*given, on_period)
        return Outcome(policy, frozen)
    with rehearsal(part.root, part.config, part.rev) as stage:
        scores, count = always_retrained(stage, part.moments, on_period)
    return Outcome(rival=BaselineScores(part.name, scores, count))


def _in_process(part: Part, queue: Any, environment: dict[str, str]) -> Outcome:
    os.environ.update(environment)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core a part
    prepare_environment(part.root / ".driftloop")
    return run_part(part, lambda *told: queue.put(told))


def _follow(futures: "list[Future[Outcome]]", queue: Any, report: Report) -> None:
    """Pass reports on until all parts have ended; the first that fails ends the others."""
    waiting: set[Future[Outcome]] = set(futures)
    while waiting:
        done, waiting = wait_for(waiting, timeout=0.2)
        while not queue.empty():
            report(*queue.get())
        for future in done:
            if future.exception() is not None:
                for other in waiting:
                    other.cancel()
                future.result()
