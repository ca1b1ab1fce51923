"""The evaluation matrix: a model trained at each moment, with its predictions on all later rows.

A model that was trained h periods ago has not seen the rows since, so it is also what a retraining
of today compares on a holdout of h periods before it refits. One matrix so holds every holdout.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from driftloop.performance.bootstrap import Model
from driftloop.performance.metrics import MetricName, Scores, Truth, metric_of, score
from driftloop.performance.target import Probabilities
from driftloop.performance.value import ValueSettings

Trained = tuple[str, int]
"""A model by the name of its training setting and the moment it was trained."""

BLOCKS = 20
"""Blocks of rows, in time order, that the standard error of a score is computed from."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score, or a difference of two, with its standard error."""

    value: float
    error: float

    @property
    def difference(self) -> float:
        """The value, of two models compared."""
        return self.value


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The predictions of one model from row `first` on, the first that it was not trained on.

    `p` is (n, k); of two classes only the probability of the positive one is kept (n, 1).
    """

    first: int
    p: npt.NDArray[np.float32]
    threshold: float | None = None

    def on(self, rows: slice, classes: int) -> Model:
        """Return predictions and threshold on rows that it has not seen."""
        if rows.start < self.first:
            raise ValueError(f"row {rows.start} was trained on; new rows begin at {self.first}")
        p: Probabilities = self.p[rows.start - self.first : rows.stop - self.first].astype(float)
        if classes == 2:
            p = np.column_stack([1 - p[:, 0], p[:, 0]])
        return p, self.threshold


@dataclass(frozen=True, slots=True)
class Matrix:
    """Models by training setting and moment, and the truth of all rows.

    Args:
        y: the truth of every row (n,), in time order.
        classes: how many a prediction has columns for; 1 for a regression.
        edges: row at which each period begins, and the end (periods + 1,).
        labelled: rows whose labels were known at each of these moments (periods + 1,).
        models: by name of the setting, one a period; None where none could be trained.
    """

    metric: MetricName
    y: Truth
    classes: int
    edges: tuple[int, ...]
    labelled: tuple[int, ...]
    models: Mapping[str, tuple[StoredModel | None, ...]]
    scores: Mapping[str, Scores]
    """Score of the model of each moment (row) in each period (column), NaN before and without."""

    value: ValueSettings | None = None
    """What outcomes are worth; None where nobody said so."""

    names: tuple[str, ...] = ()
    """Of the classes, by their code; none of a regression."""

    known: dict[tuple[Trained, Trained | None, int, int], Estimate] = field(default_factory=dict)
    """What was computed before, for the policies that follow."""

    @property
    def unit(self) -> str:
        """What gains are counted in: the currency of the value, or the metric."""
        return self.metric if self.value is None else self.value.currency or "value"

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return len(self.edges) - 1

    def model(self, trained: Trained) -> StoredModel | None:
        """Return the model of a setting and a moment, None where none could be trained."""
        return self.models[trained[0]][trained[1]]

    def estimate(self, new: Trained, rows: slice, old: Trained | None = None) -> Estimate | None:
        """Return the score of a model on some rows, or how much better it is there than `old`.

        Rows that either has seen are left out; None where hardly any are left, or without a model.
        """
        names = [new] if old is None else [new, old]
        models = [model for name in names if (model := self.model(name)) is not None]
        first = max([rows.start, *(model.first for model in models)])
        if len(models) < len(names) or rows.stop - first < BLOCKS:
            return None
        key = (new, old, first, rows.stop)
        if key not in self.known:
            part = slice(first, rows.stop)
            scored = [model.on(part, self.classes) for model in models]
            self.known[key] = estimate(self.metric, self.y[part], *scored)
        return self.known[key]

    def worth(self, trained: Trained, rows: slice) -> float:
        """Return what the predictions of a model are worth on rows that it has not seen."""
        model = self.model(trained)
        if self.value is None or model is None:
            return math.nan
        predicted = model.on(rows, self.classes)
        return float(self.value.of_rows(self.y[rows], *predicted, self.names).sum())

    def worths(self, setting: str) -> Scores:
        """Return what the model of each moment is worth in each later period, as `scores` are."""
        table = np.full((self.periods, self.periods), np.nan)
        for moment in range(self.periods):
            for period in range(moment, self.periods):
                rows = slice(self.edges[period], self.edges[period + 1])
                table[moment, period] = self.worth((setting, moment), rows)
        return filled(table)


def period_scores(
    metric: MetricName,
    y: Truth,
    classes: int,
    edges: tuple[int, ...],
    models: tuple[StoredModel | None, ...],
) -> Scores:
    """Return the score of the model of each moment in each later period (periods, periods)."""
    scores = np.full((len(models), len(edges) - 1), np.nan)
    for moment, model in enumerate(models):
        for period in range(moment, len(edges) - 1) if model is not None else ():
            rows = slice(edges[period], edges[period + 1])
            if rows.start < rows.stop and model is not None:
                scores[moment, period] = score(metric, y[rows], *model.on(rows, classes))
    return scores


def filled(table: Scores) -> Scores:
    """Return a table of scores in which a missing model is its predecessor, which stays."""
    table = table.copy()
    for moment in range(1, len(table)):
        if np.isnan(table[moment]).all():
            table[moment, moment:] = table[moment - 1, moment:]
    return table


def estimate(metric: MetricName, y: Truth, new: Model, old: Model | None = None) -> Estimate:
    """Return a score on rows (n,), or how much better it is than that of `old`, with its error.

    The standard error is the jackknife's over blocks of rows in time order, so that rows whose
    days differ are less certain than their number says. NaN where a block leaves a score undefined.

    Source: Kunsch, The jackknife and the bootstrap for general stationary observations, Annals of
    Statistics 17(3), 1989 (here with blocks that do not overlap).
    """
    blocks = min(BLOCKS, len(y))
    block = np.arange(len(y)) * blocks // len(y)
    weights = np.vstack([np.ones(len(y)), block[None, :] != np.arange(blocks)[:, None]])
    scores = metric_of(metric)(y, new[0], weights, new[1])
    if old is not None:
        scores = scores - metric_of(metric)(y, old[0], weights, old[1])
    spread = float(((scores[1:] - scores[1:].mean()) ** 2).sum())
    return Estimate(float(scores[0]), math.sqrt(spread * (blocks - 1) / blocks))
