"""The evaluation matrix of a model, and what policies would have been worth over it."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from driftloop.backtest.matrix_models import training_settings
from driftloop.backtest.matrix_result import MatrixResult, coverage, matrix_sentence, worth_of
from flows.naming import resolve_as_of
from tasks.backtest.matrix import matrix_folder, matrix_of
from tasks.backtest.matrix_plot import plot_worth
from tasks.backtest.sandbox import data_history, period_edges
from tasks.runtime.job import Job

Report = Callable[[str, int, int, str], None]


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
    started = time.monotonic()
    snapshot, history = data_history(job)
    moments = period_edges(job, history, start and resolve_as_of(start), end and resolve_as_of(end))
    settings = training_settings(job.config)
    matrix = matrix_of(
        job, moments, settings, lambda name, done, total: report(name, done, total, "trained")
    )
    policies, whole = worth_of(matrix, [setting.name for setting in settings])
    path = plot or job.workspace.state / "backtests" / f"{job.model}-matrix.png"
    plot_worth(policies, path, f"{job.model}: {matrix.periods} periods")
    return MatrixResult(
        model=job.model,
        rev=snapshot.rev,
        start=moments[0],
        end=moments[-1],
        periods=matrix.periods,
        metric=matrix.metric,
        policies=policies,
        gain=whole,
        coverage=coverage(matrix, settings[0].name),
        folder=str(matrix_folder(job, moments)),
        plot=str(path),
        seconds=time.monotonic() - started,
        sentence=matrix_sentence(policies, whole, matrix.metric),
    )
