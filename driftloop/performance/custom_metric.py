"""Metrics of one's own: a function by its import path, which the configuration has to trust."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.base.errors import TrainingError, reason
from driftloop.base.import_path import check_listed, import_object
from driftloop.performance.value_metric import is_value

Scores = npt.NDArray[np.float64]


def is_custom(metric: str) -> bool:
    """Say whether a metric is somebody's own function, by its import path."""
    return "." in metric and not is_value(metric)


def wrong_metric(path: str, allowed: tuple[str, ...]) -> str | None:
    """Return why somebody's own metric cannot be used, or None; only a trusted one is imported."""
    if wrong := check_listed(path, allowed, "training.allow.metrics"):
        return wrong
    try:
        custom_metric(path)
    except ValueError as error:
        return str(error)
    return None


@cache
def custom_metric(path: str) -> Callable[..., Scores]:
    """Return somebody's own function ``(y, p, w) -> float`` as a metric of many resamples.

    It gets the probability of the positive class (n,) of two, all of them (n, k) of more, the
    values (n,) of a regression, and how many times each row counts (n,).

    Raises:
        ValueError: if it cannot be imported, or is not a function.
    """
    function = import_object(path)
    if not callable(function):
        raise ValueError(f"{path!r} is a {type(function).__name__}, not a function")

    def scores(y: Any, p: Any, w: Any, threshold: float | None = None) -> Scores:
        shown = p if p.shape[1] > 2 else p[:, -1]
        try:
            return np.array([float(function(y, shown, one)) for one in w])
        except Exception as error:
            raise TrainingError(
                f"the metric {path} raised {type(error).__name__} ({reason(error)}); correct it"
            ) from error

    return scores
