"""Scores in a backtest: of the versions a policy served, and of the always-retrain baseline."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd

from driftloop.base.data_slices import DataSlice
from driftloop.base.errors import DataError, TrainingError
from driftloop.base.periods import Window
from driftloop.base.windows import EARLIEST, SinceChange
from driftloop.performance.metrics import score
from driftloop.training.warm_start import train
from tasks.backtest.sandbox import Sandbox
from tasks.monitoring.predict import predict_model, predict_version
from tasks.monitoring.tables import examples, read_labelled, rows_inside, target_in
from tasks.runtime.job import Job
from tasks.runtime.step import step
from tasks.snapshots.resolve import snapshot_at


@step("score versions")
def score_with_all_labels(job: Job, window: Window, versions: tuple[str, ...]) -> tuple[float, ...]:
    """Return the primary score of each version on the rows of a window, NaN where undefined."""
    metric = job.config.comparison.metric
    table = read_labelled(job, DataSlice(snapshot_at(job, job.rev), window))
    if table.empty:
        return tuple(float("nan") for _ in versions)
    scored = [predict_version(job, version, table) for version in versions]
    return tuple(score(metric, each.y, each.p, each.threshold) for each in scored)


def score_always_retraining(
    sandbox: Sandbox, moments: tuple[datetime, ...], on_period: Callable[[int, str], None]
) -> tuple[tuple[float, ...], int]:
    """Return the score in each period of a model trained at its start, and the number of models.

    It is trained with the configured estimator on the first configured window that needs no
    detected change, on all labelled rows there are by then: there is no holdout, and nothing is
    searched, checked or compared. Where too few rows are labelled, or those of one class only, the
    previous model goes on serving. `on_period` is called with the number of finished periods.
    """
    last = sandbox.job(moments[-1])
    labelled = DataSlice(snapshot_at(last, sandbox.rev), Window(EARLIEST, moments[-1]))
    table = read_labelled(last, labelled)
    model, scores, count = None, [], 0
    for period, moment in enumerate(moments[1:], start=1):
        trained = _train(sandbox.job(moments[period - 1]), table)
        model, count = (model, count) if trained is None else (trained, count + 1)
        scores.append(_score(sandbox.job(moment), table, model))
        on_period(period, "retrained" if trained is not None else "kept")
    return tuple(scores), count


def _train(job: Job, table: pd.DataFrame) -> Any | None:
    config, end = job.config, job.labelled_window.end
    kinds = (window for window in config.training.windows if not isinstance(window, SinceChange))
    window = next(kinds, None)
    begin = (window.start(end, None) if window else None) or EARLIEST
    rows = rows_inside(table, Window(begin, end), config.data.time).reset_index(drop=True)
    if len(rows) < config.training.minimum_rows:
        return None
    settings = config.training.model_copy(update={"warm_start": False})
    try:
        labelled = examples(job, rows, target_in(job, rows))
        trained = train(settings, labelled, config.features.by_type, config.comparison.metric)
        return trained.model, labelled.target
    except (DataError, TrainingError):
        return None


def _score(job: Job, table: pd.DataFrame, trained: Any | None) -> float:
    rows = rows_inside(table, job.window, job.config.data.time)
    if trained is None or rows.empty:
        return float("nan")
    model, target = trained
    scored = predict_model(job, model, rows.reset_index(drop=True), target)
    return score(job.config.comparison.metric, scored.y, scored.p, scored.threshold)
