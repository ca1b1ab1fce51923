"""Calibration: what a model's probabilities are worth on rows that it has not seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftloop.performance.target import Probabilities

Values = npt.NDArray[np.float64]

LEAST = 1e-4
"""Probabilities are kept this far from 0, whose logarithm would outweigh all other rows."""

_RIDGE = 1.0
_STEPS = 30
_MOST_KNOTS, _ROWS_A_KNOT = 4, 500


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of probabilities, with the covariance of its parameters.

    Each class has a piecewise linear function of its logarithmic probability: a shift, a slope and
    what the slope changes by at each of its `knots` (classes, knots).
    """

    parameters: Values
    covariance: Values
    knots: Values

    def apply(self, p: Probabilities) -> Probabilities:
        """Return calibrated probabilities (n, classes)."""
        return _mapped(self._basis(p), self.parameters)

    def error_of_mean(self, p: Probabilities, derivatives: Values) -> float:
        """Return the standard error that calibrating brings into a mean over rows.

        `derivatives` are those of each row's value by its classes' scores (n, classes).
        """
        gradient = _scores(self._basis(p), derivatives).mean(axis=0)
        return float(np.sqrt(gradient @ self.covariance @ gradient))

    def draws(self, p: Probabilities, count: int, rng: np.random.Generator) -> Values:
        """Return calibrated probabilities (count, n, classes) as other rows might give them."""
        drawn = rng.multivariate_normal(self.parameters, self.covariance, count, method="eigh")
        basis = self._basis(p)
        return np.stack([_mapped(basis, parameters) for parameters in drawn])

    def _basis(self, p: Probabilities) -> Values:
        return _hinges(_logarithms(p), self.knots)


def fit_calibration(
    y: npt.NDArray[Any], p: Probabilities, weights: Values | None = None
) -> Calibration:
    """Return the map that makes probabilities agree with outcomes.

    Each class has a piecewise linear function of its logarithmic probability, with a knot for every
    500 rows, four at most, and the classes are normalised to 1. With two classes and no knot that
    is beta calibration. A weak pull towards no change (of one row) keeps it defined. The covariance
    is the sandwich's, which holds with weights, too.

    Args:
        y: class codes of rows that the model has not seen (n,).
        p: its probabilities (n, classes).
        weights: of the rows (n,), with mean 1; all 1 if left out.

    Source: Kull, Silva Filho & Flach, Beta calibration, AISTATS 2017; Guo et al., On calibration of
    modern neural networks, ICML 2017 (vector scaling); Lucena, Spline-based probability
    calibration, arXiv:1809.07751.
    """
    n, k = p.shape
    logarithms, w = _logarithms(p), np.ones(n) if weights is None else weights
    knots = _knots(logarithms, float(w.sum() ** 2 / np.sum(w**2)))
    basis, truth = _hinges(logarithms, knots), np.eye(k)[y]
    rest = np.tile(np.eye(1, basis.shape[2], 1)[0], k)  # slopes of 1
    theta = rest.copy()
    for _ in range(_STEPS):
        q = _mapped(basis, theta)
        gradient = _scores(basis, truth - q).T @ w - _RIDGE * (theta - rest)
        step = np.linalg.solve(_curvature(basis, q, w), gradient)
        theta = theta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-6:
            break
    q = _mapped(basis, theta)
    inverse = np.linalg.inv(_curvature(basis, q, w))
    each = _scores(basis, truth - q) * w[:, None]
    covariance: Values = inverse @ (each.T @ each) @ inverse
    return Calibration(theta, covariance, knots)


def _logarithms(p: Probabilities) -> Values:
    bounded = np.clip(p, LEAST, 1.0)
    logarithms: Values = np.log(bounded / bounded.sum(axis=1, keepdims=True))
    return logarithms


def _knots(logarithms: Values, effective: float) -> Values:
    """Return the knots of each class (classes, knots): quantiles, for so many effective rows."""
    count = int(min(_MOST_KNOTS, effective // _ROWS_A_KNOT))
    knots: Values = np.quantile(logarithms, np.arange(1, count + 1) / (count + 1), axis=0).T
    return knots


def _hinges(logarithms: Values, knots: Values) -> Values:
    """Return the functions of each row and class (n, classes, 2 + knots): 1, the logarithm, and
    how far it lies above each knot."""
    above = np.maximum(logarithms[:, :, None] - knots[None], 0.0)
    return np.concatenate([np.ones((*logarithms.shape, 1)), logarithms[:, :, None], above], axis=2)


def _mapped(basis: Values, theta: Values) -> Probabilities:
    scores = np.einsum("nkm,km->nk", basis, theta.reshape(basis.shape[1:]))
    shares: Values = np.exp(scores - scores.max(axis=1, keepdims=True))
    mapped: Probabilities = shares / shares.sum(axis=1, keepdims=True)
    return mapped


def _scores(basis: Values, residuals: Values) -> Values:
    """Derivatives of each row's log-likelihood by all parameters (n, classes * functions)."""
    scores: Values = (basis * residuals[:, :, None]).reshape(len(basis), -1)
    return scores


def _curvature(basis: Values, q: Probabilities, w: Values) -> Values:
    n, k, m = basis.shape
    weighted = (basis * q[:, :, None]).reshape(n, -1)
    curvature: Values = -(weighted * w[:, None]).T @ weighted
    for one in range(k):
        own = slice(one * m, (one + 1) * m)
        curvature[own, own] += (basis[:, one] * (q[:, one] * w)[:, None]).T @ basis[:, one]
    curvature += _RIDGE * np.eye(k * m)
    return curvature
