"""The backtest flow: a policy on history, beside a frozen model and one always retrained."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import flow, tags

from driftloop.backtest.injection import Injection, midpoint, parse_injection
from driftloop.backtest.summary import BaselineScores
from driftloop.config.loading import load_config
from driftloop.config.model_config import ModelConfig
from driftloop.reporting.json.backtest import (
    BacktestOutput,
    injection_output,
    policy_output,
    rival_output,
    summary_sentence,
)
from flows.naming import moment, run_name
from flows.rehearse_pool import Report, run_parts
from tasks.backtest.plot import plot_backtest
from tasks.backtest.rehearsal import (
    Outcome,
    Part,
    altered_repository,
    history_of,
    moments_of,
    with_repository,
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
) -> BacktestOutput:
    """Replay a model's policy over its history and say what it would have been worth.

    Nothing is registered, promoted or posted.

    Args:
        model: name of a configuration in `configs/`.
        start: the moment of the first champion; a quarter into the history if left out.
        end: the last moment; the end of the data if left out.
        configs: further configuration files to compare with, such as the previous one.
        inject: drift to put in, such as shift:amount:0.5 or label_flip:0.3.
        inject_at: the moment from which it is there; the middle if left out.
        rev: commit, branch or tag of the data; the configured one if left out.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = load_job(model, None, rev, workspace=workspace)
        tell: dict[str, Callable[[int, int], None]] = {}

        def report(name: str, done: int, total: int, action: str) -> None:
            tell.setdefault(name, progress(job, f"backtest {name}"))(done, total)

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
) -> BacktestOutput:
    """Return the outcome of a backtest; see the flow for the arguments.

    Raises:
        DataError: if there is no period between start and end.
        ConfigError: if a configuration or the injection is not valid.
        TrainingError: if no first champion can be trained.
    """
    begun = time.monotonic()
    snapshot, history = history_of(job)
    moments = moments_of(job, history, start and moment(start), end and moment(end))
    features = job.config.features.numeric + job.config.features.categorical
    drift = None
    if inject is not None:
        at = moment(inject_at) if inject_at else midpoint(moments[0], moments[-1])
        drift = parse_injection(inject, at, features, job.config.data.label)
    policies = [(job.model, job.config), *((path.stem, load_config(path)) for path in others)]
    with ExitStack() as stack:
        parts = _parts(job, policies, snapshot.rev, moments)
        if drift is not None:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            altered = altered_repository(job, snapshot, drift, folder)
            config = with_repository(job.config, folder)
            name = f"{job.model} with drift"
            parts += (Part(name, "policy", job.workspace.root, config, altered, moments),)
        outcomes = run_parts(parts, report)
    return _summary(job, snapshot.rev, moments, outcomes, drift, plot, time.monotonic() - begun)


def _parts(
    job: Job, policies: list[tuple[str, ModelConfig]], rev: str, moments: tuple[datetime, ...]
) -> tuple[Part, ...]:
    root = job.workspace.root
    made = [Part(name, "policy", root, config, rev, moments) for name, config in policies]
    return (*made, Part("always retraining", "always", root, job.config, rev, moments))


def _summary(
    job: Job,
    rev: str,
    moments: tuple[datetime, ...],
    outcomes: tuple[Outcome, ...],
    drift: Injection | None,
    plot: Path | None,
    seconds: float,
) -> BacktestOutput:
    results = [outcome for outcome in outcomes if outcome.policy is not None]
    altered = results.pop() if drift is not None else None
    policies = tuple(result.policy for result in results if result.policy is not None)
    rivals = (BaselineScores("first model", results[0].frozen, 0), *(_rivals(outcomes)))
    place = plot or job.workspace.state / "backtests" / f"{job.model}.png"
    shown = policies if altered is None or altered.policy is None else (*policies, altered.policy)
    title = f"{job.model}: {len(moments) - 1} periods of {job.config.windows.current}"
    plot_backtest(shown, rivals, place, title, drift.at if drift else None)
    injected = None
    if drift is not None and altered is not None and altered.policy is not None:
        own = (BaselineScores("first model", altered.frozen, 0),)
        injected = injection_output(drift, altered.policy, own)
    return BacktestOutput(
        model=job.model,
        rev=rev,
        start=moments[0],
        end=moments[-1],
        periods=len(moments) - 1,
        metric=job.config.comparison.metric,
        policies=tuple(policy_output(policy, rivals) for policy in policies),
        rivals=tuple(rival_output(rival) for rival in rivals),
        injection=injected,
        plot=str(place),
        seconds=round(seconds, 1),
        sentence=summary_sentence(policies[0], rivals),
    )


def _rivals(outcomes: tuple[Outcome, ...]) -> list[BaselineScores]:
    return [outcome.rival for outcome in outcomes if outcome.rival is not None]
