"""The metric ``value``: what a row is worth on average, with what outcomes are worth in its name.

A score by other worths is a score of another metric, which is never compared with this one.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.scores import VALUE
from driftloop.performance.target import Probabilities, predicted_classes

Worths = npt.NDArray[np.float64]


def value_name(worths: Iterable[float]) -> str:
    """Return the name of the metric: what each outcome is worth, all of one true class together,
    or what one unit of error is.
    """
    return ":".join([VALUE, *(repr(float(one)).removesuffix(".0") for one in worths)])


def is_value(metric: str) -> bool:
    """Say whether a metric is what a row is worth."""
    return metric.split(":")[0] == VALUE


@cache
def _worths(metric: str) -> tuple[float, ...]:
    return tuple(map(float, metric.split(":")[1:]))


def unit_of_error(metric: str) -> float | None:
    """Return what a unit of error costs by the metric ``value`` of a regression, else None."""
    worths = _worths(metric) if is_value(metric) else ()
    return -worths[0] if len(worths) == 1 else None


def value_metric(metric: str) -> Callable[..., Worths]:
    """Return the metric of that name, which takes many resamples (b, n) at a time."""
    worths = _worths(metric)

    def values(y: Any, p: Probabilities, w: Worths, threshold: float | None = None) -> Worths:
        rows = w.sum(axis=1)
        totals: Worths = w @ worth_of_rows(worths, y, p, threshold)
        means: Worths = np.full(len(rows), np.nan)
        np.divide(totals, rows, out=means, where=rows != 0)
        return means

    return values


def worth_of_rows(
    worths: tuple[float, ...], y: Any, p: Probabilities, threshold: float | None
) -> Worths:
    """Return what each row (n,) is worth, by class codes or values `y` and predictions `p`.

    `worths` are those of the outcomes of two or more classes, row by row of the true class, or of
    a unit of error. A class that is not known is worth nothing.
    """
    if len(worths) == 1:
        errors: Worths = worths[0] * np.abs(p[:, 0] - y)
        return errors
    table = _table(worths)
    return np.where(y >= 0, table[y, predicted_classes(p, threshold)], 0.0)


def _table(worths: tuple[float, ...]) -> Worths:
    classes = math.isqrt(len(worths))
    return np.reshape(worths, (classes, classes))


def best_constant(metric: str, y: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Return how many classes there are, and the one that is best where all rows are called it."""
    table = _table(_worths(metric))
    return len(table), int(table[y[y >= 0]].mean(axis=0).argmax())
