"""The gate on calibration: of rows with a probability of 0.8, eight in ten are positive."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.scores import format_number, number
from driftloop.comparison.gates.base import CannotRun, Gate
from driftloop.comparison.gates.inputs import GateInputs
from driftloop.performance.metrics import Truth
from driftloop.performance.target import Probabilities

_SURE = 1.6448536269514722
"""The normal's 95 % quantile: an excess of so many standard errors is not noise."""


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The squared calibration error, without bias, and what its standard error follows from."""

    squared: float
    chance: float
    """Variance of `squared` where the model is calibrated."""
    slope: float
    """What each unit of a true squared error adds to that variance."""

    def deviation(self, true: float) -> float:
        """Return the standard error of `squared` where `true` is the squared error."""
        return math.sqrt(self.chance + self.slope * true)

    @property
    def root(self) -> float:
        """The error in units of probability; 0 where noise alone explains what is seen."""
        return math.sqrt(max(0.0, self.squared))


def calibration_error(y: Truth, p: Probabilities, bins: int) -> CalibrationError:
    """Return the expected calibration error over equal-mass bins, with the noise taken off.

    ``sum_b n_b / n * ((mean p - mean y)^2 - mean y (1 - mean y) / (n_b - 1))``: the last term is
    what a calibrated model shows by chance. With two classes p is the positive class's probability
    and y whether it occurred; with more, the likeliest class's and whether it was right. Equal
    probabilities stay in one bin, and a bin holds ten rows or more, so few rows make fewer bins.
    NaN with fewer than ten rows.

    Source: Kumar, Liang & Ma, Verified Uncertainty Calibration, NeurIPS 2019 (debiased estimator,
    l2). The variance is that of squared normal deviates: ``2 s^4 + 4 d^2 s^2`` a bin with the
    true squared gap d^2, the same in every bin, and the variance s^2 that the probabilities
    promise, which is above 0 even where all predictions came true.
    """
    two = p.shape[1] == 2
    predicted = p[:, -1] if two else p.max(axis=1)
    right = (y == 1) if two else (p.argmax(axis=1) == y)
    if len(y) < 10:
        return CalibrationError(math.nan, math.nan, math.nan)
    squared = chance = slope = 0.0
    for rows in _bins(predicted, min(bins, len(y) // 10)):
        rate, share = float(right[rows].mean()), len(rows) / len(y)
        gap = float(predicted[rows].mean()) - rate
        noise = rate * (1 - rate) / max(1, len(rows) - 1)
        squared += share * (gap**2 - noise)
        promised = float((predicted[rows] * (1 - predicted[rows])).mean()) / len(rows)
        chance += share**2 * 2 * promised**2
        slope += share**2 * 4 * promised
    return CalibrationError(squared, chance, slope)


class Calibration(Gate):
    """The interval of the challenger's calibration error reaches down to the maximum."""

    kind: Literal["calibration"] = "calibration"
    maximum: float = Field(default=0.05, gt=0, lt=1, description="Largest calibration error.")
    tolerance: float | None = Field(
        default=None,
        ge=0,
        description="Excess over the champion's error that is allowed; not compared if left out.",
    )
    bins: int = Field(default=10, ge=2, le=100, description="Number of equal-mass bins.")

    def decide(self, inputs: GateInputs) -> tuple[bool, str]:
        """Return whether the error is within the maximum, noise aside, and close to the champion's.

        It refuses what a model with just the maximum would show in one holdout of twenty: a squared
        error that exceeds the squared maximum by 1.64 standard errors of such a model. The larger
        error that is seen widens no interval.
        """
        if inputs.regression:
            raise CannotRun("Calibration needs a classifier; this model predicts values.")
        error = calibration_error(inputs.y, inputs.challenger, self.bins)
        if math.isnan(error.squared):
            raise CannotRun(f"{len(inputs.y)} rows are too few to estimate calibration.")
        limit = self.maximum**2
        passed = error.squared <= limit + _SURE * error.deviation(limit)
        most = format_number(self.maximum)
        text = f"The calibration error is {number(error.root)}; {most} is allowed"
        if passed and error.root > self.maximum:
            text += f", and on {len(inputs.y):,} rows the excess may be chance"
        if inputs.champion is not None and self.tolerance is not None:
            old = calibration_error(inputs.y, inputs.champion, self.bins).root
            passed = passed and error.root <= old + self.tolerance
            more = format_number(self.tolerance)
            text += f"; the champion's is {number(old)}, and {more} more is allowed"
        return passed, text + "."


def _bins(predicted: npt.NDArray[np.float64], count: int) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each bin: cut at quantiles, equal values together."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, count + 1)[1:-1]))
    places = np.searchsorted(edges, predicted, side="left")
    return [np.flatnonzero(places == place) for place in np.unique(places)]
