"""What every method needs that estimates a score without labels, and what it returns."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from driftloop.base.errors import DriftloopError
from driftloop.base.settings import Settings
from driftloop.performance.metrics import MetricName, Truth
from driftloop.performance.target import Probabilities

Values = npt.NDArray[np.float64]

MOST_HELD_OUT, MOST_ROWS = 50_000, 20_000
"""Rows of the holdout, and of the rows in question, that an estimate is made from."""


class NoEstimateError(DriftloopError):
    """Why a method says nothing of these rows."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Labelled rows that the model has not seen: truth (n,), predictions (n, k), and features.

    `others` are further columns of the same rows, by which segments are told apart.
    """

    y: Truth
    p: Probabilities
    features: pd.DataFrame
    others: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class EstimateInputs:
    """What a score is estimated from: the holdout, and the rows in question without labels.

    `density` returns how much more frequent rows like each of the holdout are among those in
    question, with mean 1, or None where the two cannot be told apart.
    """

    metric: MetricName
    holdout: HeldOut
    p: Probabilities
    features: pd.DataFrame
    threshold: float | None = None
    density: Callable[[], Values | None] = lambda: None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class EstimatedScore:
    """An estimated score and its errors.

    `sampling` is the standard deviation of a score on so many rows, `estimation` the standard error
    of what was learned on the holdout, which is the same error in every window, and `windows` that
    by which estimates of earlier windows were off beyond both.
    """

    value: float
    sampling: float
    estimation: float
    windows: float = 0.0

    @property
    def error(self) -> float:
        """The standard error of the realised score around the estimate."""
        return math.hypot(self.sampling, self.estimation, self.windows)


class Estimate(Settings):
    """A method that estimates a score without labels: one class, its settings and `estimate`."""

    kind: str
    tasks: ClassVar[frozenset[str]]
    rows: int = Field(
        default=5000, ge=500, le=100_000, description="Most rows that the errors are computed on."
    )

    @abstractmethod
    def estimate(self, inputs: EstimateInputs) -> EstimatedScore:
        """Return the estimated score; raises `NoEstimateError` where it cannot."""
