"""The models of an evaluation matrix: one at each moment, by a training setting."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import TrainingError
from driftloop.base.periods import Span
from driftloop.base.windows import AllHistory, SinceChange, TrainingWindow
from driftloop.config.model_config import ModelConfig
from driftloop.profiling.variation import column_time
from driftloop.training.training import Examples, predict, threshold_of
from driftloop.training.tuning import fit_for_serving
from driftloop.training.weights import recency_weights

Predictions = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrainingSetting:
    """Which rows a model of the matrix is trained on, and how much old ones count."""

    window: TrainingWindow
    half_life: Span | None = None

    @property
    def name(self) -> str:
        """The name in tables and on disk."""
        length = getattr(self.window, "length", "")
        half_life = f"half-life {self.half_life}" if self.half_life else ""
        return " ".join(part for part in (self.window.kind, str(length), half_life) if part)


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """All labelled rows in time order with their times, and which come from an intact feed."""

    examples: Examples
    times: npt.NDArray[np.datetime64]
    intact: npt.NDArray[np.bool_]

    def at(self, moment: datetime) -> int:
        """Return the first row at or after a moment."""
        return int(np.searchsorted(self.times, column_time(moment)))


def training_settings(config: ModelConfig) -> tuple[TrainingSetting, ...]:
    """Return the training settings that a matrix can hold: all windows, and the half-lives.

    Not the rows since a change: they depend on the champion that noticed it.
    """
    windows, spans = config.training.windows, config.training.half_lives
    fixed = (TrainingSetting(window) for window in windows if not isinstance(window, SinceChange))
    return (*fixed, *(TrainingSetting(AllHistory(), span) for span in spans))


def predictions_of(
    config: ModelConfig, rows: LabelledTable, setting: TrainingSetting, end: datetime
) -> Predictions:
    """Return the predictions on the rows from `end` on of a model trained on those before.

    It has the configured settings of the estimator; none are searched. The first row is its
    threshold, NaN where there is none. Empty where too few rows can be learned from.
    """
    stop, start = rows.at(end), setting.window.start(end, None)
    first = 0 if start is None else rows.at(start)
    chosen = np.flatnonzero(rows.intact[first:stop]) + first
    none = np.zeros((0, 1), np.float32)
    if len(chosen) < config.training.minimum_rows:
        return none
    every = rows.examples
    weights = recency_weights(rows.times, end, setting.half_life)
    weighted = Examples(every.table, every.y, every.target, weights).rows(chosen)
    settings = config.training.model_copy(update={"warm_start": False})
    by_type, metric = config.features.by_type, config.comparison.metric
    try:
        model = fit_for_serving(settings, weighted, by_type, metric)
        p = predict(model, every.table.iloc[stop:], every.target)
    except TrainingError:
        return none
    p = p[:, -1:] if p.shape[1] == 2 else p
    threshold = threshold_of(model)
    row = np.full((1, p.shape[1]), np.nan if threshold is None else threshold)
    return np.vstack([row, p]).astype(np.float32)
