"""Backtests over past data, run by run, with exactly the steps of production; several at a time."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from driftloop.alerts.message import Kind
from driftloop.backtest.summary import BaselineScores, Period, PolicyResult, is_alarm
from driftloop.base.environment import prepare_environment
from driftloop.base.errors import TrainingError
from driftloop.base.records import MonitorRecord
from driftloop.base.retrain_record import RetrainRecord
from driftloop.config.model_config import ModelConfig
from flows.challenge import challenge
from flows.watch import watch
from tasks.alerts.write import write_alert, write_retrain_alert
from tasks.backtest.sandbox import Candidate, CandidateOutcome, Sandbox, open_sandbox
from tasks.backtest.scores import score_always_retraining, score_with_all_labels
from tasks.monitoring.steps import OpenRun
from tasks.runtime.job import Job

Progress = Callable[[int, str], None]
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


def backtest_policy(
    root: Path,
    name: str,
    config: ModelConfig,
    rev: str,
    moments: tuple[datetime, ...],
    on_period: Progress,
) -> tuple[PolicyResult, tuple[float, ...]]:
    """Return what a policy did at each moment, and the scores of its first champion.

    At the first moment that champion is trained, the others are monitoring runs. `on_period` is
    called with the number of finished runs and the last decision.

    Raises:
        TrainingError: if no first champion can be trained.
    """
    periods: list[Period] = []
    frozen: list[float] = []
    with open_sandbox(root, config, rev) as sandbox:
        first = challenge(sandbox.job(moments[0]), "bootstrap", "The first champion.", None)
        if first.promotion is None or not first.promotion.promoted:
            raise TrainingError(f"no first champion as of {moments[0]:%Y-%m-%d}: {first.sentence}")
        for done, moment in enumerate(moments[1:], start=1):
            period, record = _run(sandbox, moment, periods[-1] if periods else None)
            versions = (record.champion, first.promotion.version)
            score, at_first = score_with_all_labels(sandbox.job(moment), record.window, versions)
            periods.append(replace(period, score=score))
            frozen.append(at_first)
            on_period(done, record.decision.action)
    metric = config.comparison.metric
    return PolicyResult(name, metric, tuple(periods), first.promotion.version), tuple(frozen)


def run_and_alert(job: Job) -> tuple[MonitorRecord, tuple[Kind, ...]]:
    """Carry out a monitoring run in a sandbox; return its record and what it would have posted."""
    posts: list[Kind] = []

    def announce(run: OpenRun, record: MonitorRecord) -> None:
        posts.extend(write_alert(job, record, run.history, run.run_id))

    def retrain(run: OpenRun, record: MonitorRecord) -> RetrainRecord:
        decided = record.decision
        reason, version = " ".join(decided.reasons), run.champion.version
        outcome = challenge(job, "retrain", reason, version, routine=decided.routine)
        write_retrain_alert(job, outcome)
        return outcome

    return watch(job, announce, retrain), tuple(posts)


def _run(sandbox: Sandbox, moment: datetime, last: Period | None) -> tuple[Period, MonitorRecord]:
    job = sandbox.job(moment)
    record, posts = run_and_alert(job)
    alerted = not {"opened", "worsened", "reopened"}.isdisjoint(posts)
    by_hand = record.decision.held == "losing_streak"
    if by_hand:  # what a person would do who is called
        outcome = challenge(job, "retrain", "Started by hand.", None, by_hand=True)
        write_retrain_alert(job, outcome)
        record = replace(record, retrain=outcome)
    alarm = is_alarm(record, alerted)
    began = None
    if record.verdict.status == "drift" and (last is None or last.verdict != "drift"):
        began = record.since
    return _period(record, alarm, began, by_hand), record


def _period(record: MonitorRecord, alarm: bool, began: datetime | None, by_hand: bool) -> Period:
    promoted = record.retrain.promoted_version if record.retrain else None
    for trial in record.trials:
        promoted = trial.version if trial.action == "promoted" else promoted
    return Period(
        as_of=record.as_of,
        window=record.window,
        rows=record.rows_current,
        verdict=record.verdict.status,
        troubles=tuple(trouble.kind for trouble in record.troubles),
        action=record.decision.action,
        held=record.decision.held,
        alarm=alarm,
        retrained=record.retrain is not None and record.retrain.challenger is not None,
        promoted=promoted,
        rolled_back=any(trial.action == "rolled_back" for trial in record.trials),
        served=record.champion,
        score=float("nan"),
        headline=record.headline,
        by_hand=by_hand,
        since=began,
    )
