"""The evaluation matrix of a model, and what policies would have been worth over it."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from driftloop.backtest.matrix import Matrix
from driftloop.backtest.matrix_models import TrainingSetting, training_settings
from driftloop.backtest.matrix_result import MatrixResult, coverage, matrix_sentence, worth_of
from driftloop.backtest.policies import alternatives, policy_of, tuned_settings
from driftloop.backtest.tuning import Tuning, reason, try_policies
from flows.naming import resolve_as_of
from tasks.backtest.choice import write_choice
from tasks.backtest.matrix import matrix_folder, matrix_of
from tasks.backtest.matrix_plot import Drawn, plot_worth
from tasks.backtest.sandbox import data_history, period_edges
from tasks.runtime.job import Job

Report = Callable[[str, int, int, str], None]
Moments = tuple[datetime, ...]


def run_matrix(
    job: Job,
    start: datetime | None,
    end: datetime | None,
    report: Report,
    plot: Path | None = None,
) -> MatrixResult:
    """Return what policies would have been worth; models that are kept are not trained again.

    Raises:
        DataError: if there is no period between start and end, or nothing is labelled.
    """
    started, own = time.monotonic(), policy_of(job.config)
    matrix, moments = _matrix(job, start, end, training_settings(job.config), report)
    policies, whole = worth_of(matrix, own)
    path = plot or job.workspace.state / "backtests" / f"{job.model}-matrix.png"
    names = [f"{policy.policy} · {policy.setting}" for policy in policies]
    drawn = [*map(Drawn, names, policies, (policy.policy == own.name for policy in policies))]
    plot_worth(drawn, whole, matrix.unit, path, f"{job.model}: {matrix.periods} periods")
    return MatrixResult(
        model=job.model,
        rev=job.rev,
        start=moments[0],
        end=moments[-1],
        periods=matrix.periods,
        metric=matrix.metric,
        policies=policies,
        unit=matrix.unit,
        gain=whole,
        coverage=coverage(matrix, own.settings[0]),
        folder=str(matrix_folder(job, moments)),
        plot=str(path),
        seconds=time.monotonic() - started,
        sentence=matrix_sentence(policies, whole, matrix.unit),
    )


def run_tune(
    job: Job,
    start: datetime | None,
    end: datetime | None,
    report: Report,
    plot: Path | None = None,
) -> Tuning:
    """Return which policy the configuration should state, and write it there unless it is dry.

    Raises:
        DataError: if there is no period between start and end, or nothing is labelled.
        ConfigError: if the configuration changed meanwhile, or cannot be changed.
    """
    started, others = time.monotonic(), alternatives(job.config)
    matrix, moments = _matrix(job, start, end, tuned_settings(job.config), report)
    tried, best, whole = try_policies(matrix, others)
    why = reason(tried, whole, matrix.unit, matrix.periods)
    path = plot or job.workspace.state / "backtests" / f"{job.model}-tune.png"
    drawn = [Drawn(policy.worth.policy, policy.worth, policy.chosen) for policy in tried]
    title = f"{job.model}: {matrix.periods} periods"
    plot_worth([*drawn, Drawn(best.policy, best)], whole, matrix.unit, path, title)
    chosen = next(
        alternative for alternative, done in zip(others, tried, strict=True) if done.chosen
    )
    config = write_choice(job, chosen.values, why)
    return Tuning(
        model=job.model,
        rev=job.rev,
        start=moments[0],
        end=moments[-1],
        periods=matrix.periods,
        unit=matrix.unit,
        gain=whole,
        policies=tried,
        best=best,
        config=str(config),
        written=not job.dry_run,
        plot=str(path),
        seconds=time.monotonic() - started,
        sentence=why,
    )


def _matrix(
    job: Job,
    start: datetime | None,
    end: datetime | None,
    settings: tuple[TrainingSetting, ...],
    report: Report,
) -> tuple[Matrix, Moments]:
    _, history = data_history(job)
    moments = period_edges(job, history, start and resolve_as_of(start), end and resolve_as_of(end))
    matrix = matrix_of(
        job, moments, settings, lambda name, done, total: report(name, done, total, "trained")
    )
    return matrix, moments
