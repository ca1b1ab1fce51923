"""Performance of predictions in memory, estimated before their labels come."""

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from driftloop.api.estimate_result import EstimateResult, WindowEstimate
from driftloop.api.memory_config import memory_configuration
from driftloop.api.predictions import (
    ScoreColumns,
    predictions_in,
    score_columns,
    target_in,
    task_in,
)
from driftloop.api.tables import frame_of, require_columns, roles_in, times_of
from driftloop.base.findings import EstimatedPerformance
from driftloop.base.periods import ALL_TIME, Span, Window
from driftloop.base.scores import Score, Task
from driftloop.config.model_config import ModelConfig
from driftloop.drift.domain_classifier import density_ratios
from driftloop.performance.estimated import EstimateCriteria, estimate_window
from driftloop.performance.estimates import default_estimate
from driftloop.performance.estimates.base import MOST_HELD_OUT, MOST_ROWS, EstimateInputs, HeldOut
from driftloop.performance.metrics import Truth, score_with_interval
from driftloop.performance.target import Probabilities, Target
from driftloop.profiling.variation import column_time, windows_of

RESAMPLES = 200


def estimate_performance(
    reference: Any,
    current: Any,
    *,
    score: ScoreColumns,
    label: str,
    task: Task | None = None,
    positive: object | None = None,
    metric: str | None = None,
    threshold: float | None = None,
    ignore: Iterable[str] = (),
    time: str | None = None,
    window: str | Span = "1 week",
    performance: Mapping[str, Any] | None = None,
) -> EstimateResult:
    """Return how good predictions probably are, window by window, without their labels.

    Classes are estimated from probabilities that are calibrated on the reference, a quantity by a
    model of the errors made there; both account for changed inputs, and neither for a changed
    relation of inputs and outcome. Where labels are there, the realised score stands beside it.

    Args:
        reference: rows with predictions and labels that the model was not trained on: a pandas data
            frame, or a table of polars, DuckDB or Arrow.
        current: the rows in question with their predictions, of any of these kinds.
        score: the column with the probability of the positive class, or with the predicted value of
            a regression; for more classes than two a mapping of each class to its column.
        label: the column with what came true; `current` may lack it.
        task: ``binary``, ``multiclass`` or ``regression``; left out, what they look like.
        positive: the class whose probability `score` is; left out, the last one in order.
        metric: the score to estimate; left out, ROC AUC, balanced accuracy or RMSE by task.
        threshold: probability from which on a row counts as positive; left out, 0.5.
        ignore: columns that are not features, such as a key.
        time: a time column; with it `current` is cut into windows.
        window: how long a window is, the last one ending with the newest row.
        performance: settings as under ``performance:`` in a configuration, such as
            ``{"margin": 0.02}``.

    Raises:
        ConfigError: if a setting is not valid.
        DataError: if a table cannot be read, a column is missing, or a score is not valid.
    """
    before, now = frame_of(reference, "reference"), frame_of(current, "current")
    columns = score_columns(score)
    require_columns("score", columns, before, "reference")
    require_columns("score", columns, now, "current table")
    require_columns("label", [label], before, "reference")
    task = task or task_in(before, score, label)
    settings = _configuration(task, metric, performance or {}, window)
    target = target_in(task, before[label], positive, score)
    no_features = dict.fromkeys([*ignore, *columns, label])
    roles = roles_in(before, now, (), (), no_features, time)
    names = [*roles.features.names]
    require_columns("feature", names, now, "current table")
    p = predictions_in(before, "reference", score, target)
    held_out = HeldOut(target.encode(before[label]), p, before[names])
    estimator = _Estimator(settings, target, held_out, threshold)
    estimates = [
        estimator.judge(span, rows, predictions_in(rows, "current", score, target), label)
        for span, rows in _windows(now, time, settings.windows.current)
    ]
    return EstimateResult(estimator.baseline, tuple(estimates), roles.left_out)


class _Estimator:
    """What all windows are judged by: the reference with its score, and the settings."""

    def __init__(
        self, settings: ModelConfig, target: Target, held_out: HeldOut, threshold: float | None
    ) -> None:
        self._settings, self._target, self._threshold = settings, target, threshold
        self.baseline = self._score(held_out.y, held_out.p)
        kept = np.sort(np.random.default_rng(0).permutation(len(held_out.y))[:MOST_HELD_OUT])
        features = held_out.features.iloc[kept].reset_index(drop=True)
        self._held_out = HeldOut(held_out.y[kept], held_out.p[kept], features)

    def judge(
        self, span: Window | None, rows: pd.DataFrame, p: Probabilities, label: str
    ) -> WindowEstimate:
        """Return the estimate of a window, and its realised score where rows have labels."""
        realised = None
        if label in rows and rows[label].notna().any():
            known = rows[label].notna().to_numpy()
            y = self._target.encode(rows.loc[known, label])
            scored = _scored(y)
            realised = self._score(y[scored], p[known][scored])
        return WindowEstimate(span, self._estimate(span or ALL_TIME, rows, p), realised)

    def _estimate(self, span: Window, rows: pd.DataFrame, p: Probabilities) -> EstimatedPerformance:
        settings, metric = self._settings.performance, self._settings.comparison.metric
        method = settings.estimate or default_estimate(self._settings.task)
        kept = np.random.default_rng(0).permutation(len(rows))[:MOST_ROWS]
        features = rows.iloc[kept][[*self._held_out.features]].reset_index(drop=True)
        density = partial(density_ratios, self._held_out.features, features)
        inputs = EstimateInputs(metric, self._held_out, p[kept], features, self._threshold, density)
        a_year = 365.25 / self._settings.windows.current.days
        by = EstimateCriteria(self.baseline, None, settings, a_year)
        return estimate_window(method, inputs, span, len(rows), by)

    def _score(self, y: Truth, p: Probabilities) -> Score | None:
        """Return the realised score; None with fewer rows than an estimate needs."""
        if len(y) < self._settings.performance.minimum_rows:
            return None
        metric, confidence = self._settings.comparison.metric, self._settings.performance.confidence
        scored = score_with_interval(
            metric, y, p, count=RESAMPLES, confidence=confidence, seed=0, threshold=self._threshold
        )
        return None if math.isnan(scored.value) else scored


def _scored(y: Truth) -> npt.NDArray[np.bool_]:
    """Say which rows have a known outcome: a class that the reference lacks is not scored."""
    return np.isfinite(y) if y.dtype.kind == "f" else y >= 0


def _windows(
    table: pd.DataFrame, time: str | None, span: Span
) -> list[tuple[Window | None, pd.DataFrame]]:
    """Return the windows with their rows, oldest first; without a time column the whole table."""
    if time is None:
        return [(None, table)]
    times = times_of(table, time, "current table")
    return [
        (window, table[(times >= column_time(window.start)) & (times < column_time(window.end))])
        for window in reversed(windows_of(times, span))
    ]


def _configuration(
    task: Task, metric: str | None, performance: Mapping[str, Any], window: str | Span
) -> ModelConfig:
    """Return a configuration of these settings, so that they are checked as those of a model."""
    default = {"multiclass": "balanced_accuracy", "regression": "neg_rmse"}.get(task, "roc_auc")
    return memory_configuration(
        task=task,
        windows={"current": str(window)},
        performance=dict(performance),
        comparison={"metric": metric or default},
    )
