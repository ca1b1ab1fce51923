"""Candidates of a backtest in parallel, each in a process of its own, with progress."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from multiprocessing import get_context
from typing import Any

from driftloop.backtest.summary import BaselineScores
from driftloop.base.environment import prepare_environment
from tasks.backtest.sandbox import Candidate, CandidateOutcome

Report = Callable[[str, int, int, str], None]


def backtest_candidates(
    candidates: tuple[Candidate, ...], report: Report
) -> tuple[CandidateOutcome, ...]:
    """Return the outcome of every candidate, in their order; one runs at a time per core.

    `report` is called with the name of a candidate, how many of its periods are done of how many,
    and the last decision.
    """
    workers = min(len(candidates), os.cpu_count() or 1)
    if workers == 1:
        return tuple(backtest_candidate(candidate, report) for candidate in candidates)
    spawn = get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        queue = manager.Queue()
        futures = [
            pool.submit(_in_process, candidate, queue, os.environ.copy())
            for candidate in candidates
        ]
        _report_progress(futures, queue, report)
        return tuple(future.result() for future in futures)


def backtest_candidate(candidate: Candidate, report: Report) -> CandidateOutcome:
    """Return the outcome of one candidate."""
    from flows.backtest_policy import backtest_policy
    from tasks.backtest.sandbox import open_sandbox
    from tasks.backtest.scores import score_always_retraining

    def on_period(done: int, action: str) -> None:
        report(candidate.name, done, len(candidate.moments) - 1, action)

    if candidate.kind == "policy":
        data = candidate.config, candidate.rev, candidate.moments
        policy, first_champion = backtest_policy(candidate.root, candidate.name, *data, on_period)
        return CandidateOutcome(policy, first_champion)
    with open_sandbox(candidate.root, candidate.config, candidate.rev) as sandbox:
        scores, count = score_always_retraining(sandbox, candidate.moments, on_period)
    return CandidateOutcome(baseline=BaselineScores(candidate.name, scores, count))


def _in_process(candidate: Candidate, queue: Any, environment: dict[str, str]) -> CandidateOutcome:
    os.environ.update(environment)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core per candidate
    prepare_environment(candidate.root / ".driftloop")
    return backtest_candidate(candidate, lambda *progress: queue.put(progress))


def _report_progress(futures: "list[Future[CandidateOutcome]]", queue: Any, report: Report) -> None:
    """Pass reports on until all candidates have ended; the first that fails ends the others."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait_for(waiting, timeout=0.2)
        while not queue.empty():
            report(*queue.get())
        for future in done:
            if future.exception() is not None:
                for other in waiting:
                    other.cancel()
                future.result()
