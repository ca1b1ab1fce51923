"""Streams whose truth is known: a champion that is wrong about its own probabilities."""

from typing import Any

import numpy as np
import pandas as pd

from driftloop.performance.estimates.base import EstimateInputs, HeldOut, Values

Rows = tuple[pd.DataFrame, Any, Any]


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def binary(rows: int, seed: int, shift: float = 0.0, turned: float = 0.0) -> Rows:
    """Features, outcomes, and predictions that are too sure and know one of two features.

    `shift` moves the first feature; of a share `turned` of the rows the outcome is the opposite.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal([shift, 0.0], 1, (rows, 2))
    y = (rng.random(rows) < logistic(1.2 * x[:, 0] + 0.8 * x[:, 1] - 0.3)).astype(int)
    y = np.where(rng.random(rows) < turned, 1 - y, y)
    positive = logistic(2.0 * x[:, 0] + 0.2)
    return pd.DataFrame(x, columns=["a", "b"]), y, np.column_stack([1 - positive, positive])


def three(rows: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    scores = np.column_stack([1.2 * x[:, 0], x[:, 1] - 0.3, np.zeros(rows)])
    q = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    y = (rng.random((rows, 1)) > q.cumsum(axis=1)[:, :-1]).sum(axis=1)
    sure = np.exp(2 * scores) / np.exp(2 * scores).sum(axis=1, keepdims=True)
    return pd.DataFrame(x, columns=["a", "b"]), y, sure


def quantity(rows: int, seed: int, shift: float = 0.0) -> Rows:
    """A champion without bias whose error grows with the first feature: 1 + exp(x) / 2."""
    rng = np.random.default_rng(seed)
    x = rng.normal([shift, 0.0], 1, (rows, 2))
    truth = 3 * x[:, 1]
    y = truth + rng.normal(size=rows) * (1 + np.exp(x[:, 0]) / 2)
    return pd.DataFrame(x, columns=["a", "b"]), y, truth[:, None]


def inputs(metric: Any, before: Rows, now: Rows, density: Values | None = None) -> EstimateInputs:
    features, y, p = before
    return EstimateInputs(metric, HeldOut(y, p, features), now[2], now[0], None, lambda: density)
