"""The backtest flow: a policy on past data, with a frozen and an always-retrain baseline."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import flow, tags

from driftloop.backtest.injection import Injection, midpoint, parse_injection
from driftloop.backtest.summary import ALWAYS_RETRAINING, FIRST_MODEL, BaselineScores
from driftloop.config.loading import load_config
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.backtest import Backtest, injection_result, summary_sentence
from flows.backtest_policy import Report, backtest_candidates
from flows.naming import resolve_as_of, run_name
from tasks.backtest.plot import plot_backtest
from tasks.backtest.sandbox import (
    Candidate,
    CandidateOutcome,
    data_history,
    period_edges,
    read_from_repository,
    repository_with_drift,
)
from tasks.runtime.job import Job, load_job
from tasks.runtime.progress import progress


@flow(name="backtest", flow_run_name=run_name)
def backtest(
    model: str,
    start: datetime | None = None,
    end: datetime | None = None,
    configs: list[str] | None = None,
    inject: str | None = None,
    inject_at: datetime | None = None,
    rev: str | None = None,
    workspace: str | None = None,
) -> Backtest:
    """Run a model's policy over its past data and report what it would have been worth.

    Nothing is registered, promoted or posted.

    Args:
        model: name of a configuration in `configs/`.
        start: when the first champion is trained; a quarter into the data if left out.
        end: the last moment; the end of the data if left out.
        configs: further configuration files to compare with, such as the previous one.
        inject: drift to inject, such as shift:amount:0.5 or label_flip:0.3.
        inject_at: when the injected drift begins; the middle if left out.
        rev: commit, branch or tag of the data; the configured one if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = load_job(model, None, rev, workspace=workspace)
        progresses: dict[str, Callable[[int, int], None]] = {}

        def report(name: str, done: int, total: int, action: str) -> None:
            progresses.setdefault(name, progress(job.model, f"backtest {name}"))(done, total)

        others = [Path(path) for path in configs or ()]
        return run_backtest(job, start, end, others, inject, inject_at, report)


def run_backtest(
    job: Job,
    start: datetime | None,
    end: datetime | None,
    others: list[Path],
    inject: str | None,
    inject_at: datetime | None,
    report: Report,
    plot: Path | None = None,
) -> Backtest:
    """Return the outcome of a backtest; see the flow for the arguments.

    Raises:
        DataError: if there is no period between start and end.
        ConfigError: if a configuration or the injection is not valid.
        TrainingError: if no first champion can be trained.
    """
    started = time.monotonic()
    snapshot, history = data_history(job)
    moments = period_edges(job, history, start and resolve_as_of(start), end and resolve_as_of(end))
    features = job.config.features.numeric + job.config.features.categorical
    drift = None
    if inject is not None:
        at = resolve_as_of(inject_at) if inject_at else midpoint(moments[0], moments[-1])
        drift = parse_injection(inject, at, features, job.config.data.label)
    policies = [(job.model, job.config), *((path.stem, load_config(path)) for path in others)]
    with ExitStack() as stack:
        candidates = _candidates(job, policies, snapshot.rev, moments)
        if drift is not None:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            altered = repository_with_drift(job, snapshot, drift, folder)
            config = read_from_repository(job.config, folder)
            name = f"{job.model} with drift"
            candidates += (Candidate(name, "policy", job.workspace.root, config, altered, moments),)
        outcomes = backtest_candidates(candidates, report)
    return _summary(job, snapshot.rev, moments, outcomes, drift, plot, time.monotonic() - started)


def _candidates(
    job: Job, policies: list[tuple[str, ModelConfig]], rev: str, moments: tuple[datetime, ...]
) -> tuple[Candidate, ...]:
    root = job.workspace.root
    baseline = Candidate(ALWAYS_RETRAINING, "always_retrain", root, job.config, rev, moments)
    return (
        *(Candidate(name, "policy", root, config, rev, moments) for name, config in policies),
        baseline,
    )


def _summary(
    job: Job,
    rev: str,
    moments: tuple[datetime, ...],
    outcomes: tuple[CandidateOutcome, ...],
    drift: Injection | None,
    plot: Path | None,
    seconds: float,
) -> Backtest:
    results = [outcome for outcome in outcomes if outcome.policy is not None]
    altered = results.pop() if drift is not None else None
    first_model = BaselineScores(FIRST_MODEL, results[0].first_champion, 0)
    always = (outcome.baseline for outcome in outcomes if outcome.baseline is not None)
    baselines = (first_model, *always)
    policies = tuple(
        result.policy.with_gain(baselines) for result in results if result.policy is not None
    )
    path = plot or job.workspace.state / "backtests" / f"{job.model}.png"
    shown = policies if altered is None or altered.policy is None else (*policies, altered.policy)
    title = f"{job.model}: {len(moments) - 1} periods of {job.config.windows.current}"
    plot_backtest(shown, baselines, path, title, drift.at if drift else None)
    injected = None
    if drift is not None and altered is not None and altered.policy is not None:
        injected = injection_result(drift, altered.policy)
    return Backtest(
        model=job.model,
        rev=rev,
        start=moments[0],
        end=moments[-1],
        periods=len(moments) - 1,
        metric=job.config.comparison.metric,
        policies=policies,
        baselines=baselines,
        injection=injected,
        plot=str(path),
        seconds=round(seconds, 1),
        sentence=summary_sentence(policies[0], baselines),
    )
