"""The rival of every policy: a model trained anew in each period, whatever happens."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd

from driftloop.base.errors import DataError, TrainingError
from driftloop.base.periods import Window
from driftloop.base.records import DataSlice
from driftloop.base.windows import EARLIEST, SinceChange
from driftloop.performance.metrics import score
from driftloop.training.warm_start import train
from tasks.backtest.rehearsal import Stage
from tasks.monitoring.predict import forecast_of
from tasks.monitoring.tables import examples, inside, read_labelled, target_in
from tasks.runtime.job import Job
from tasks.snapshots.resolve import snapshot_at


def always_retrained(
    stage: Stage, moments: tuple[datetime, ...], on_period: Callable[[int, str], None]
) -> tuple[tuple[float, ...], int]:
    """Return the score in each period of a model trained when it began, and how many there were.

    It is trained with the configured estimator on the first configured window that needs no
    detected change, on all labelled rows there are by then: no holdout is kept back, nothing is
    searched, checked or compared. Where too few rows or one class only have a label, the model
    before it goes on serving.

    Args:
        stage: where the rehearsal runs.
        moments: the first one trains the model of the first period.
        on_period: is told how many periods are done.
    """
    last = stage.job(moments[-1])
    whole = DataSlice(snapshot_at(last, stage.rev), Window(EARLIEST, moments[-1]))
    table = read_labelled(last, whole)
    model, found, count = None, [], 0
    for done, moment in enumerate(moments[1:], start=1):
        made = _trained(stage.job(moments[done - 1]), table)
        model, count = (model, count) if made is None else (made, count + 1)
        found.append(_score(stage.job(moment), table, model))
        on_period(done, "retrained" if made is not None else "kept")
    return tuple(found), count


def _trained(job: Job, table: pd.DataFrame) -> Any | None:
    config, end = job.config, job.labelled_window.end
    kinds = (window for window in config.training.windows if not isinstance(window, SinceChange))
    window = next(kinds, None)
    begin = (window.start(end, None) if window else None) or EARLIEST
    rows = inside(table, Window(begin, end), config.data.time).reset_index(drop=True)
    if len(rows) < config.training.minimum_rows:
        return None
    settings = config.training.model_copy(update={"warm_start": False})
    features = config.features.numeric, config.features.categorical
    try:
        known = examples(job, rows, target_in(job, rows))
        return train(settings, known, features, config.comparison.metric).model, known.target
    except (DataError, TrainingError):
        return None


def _score(job: Job, table: pd.DataFrame, made: Any | None) -> float:
    rows = inside(table, job.window, job.config.data.time)
    if made is None or rows.empty:
        return float("nan")
    model, target = made
    at = forecast_of(job, model, rows.reset_index(drop=True), target)
    return score(job.config.comparison.metric, at.y, at.p, at.threshold)
