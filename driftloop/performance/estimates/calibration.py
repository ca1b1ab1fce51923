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


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of probabilities, with the covariance of its slopes and shifts (2 * classes)."""

    parameters: Values
    covariance: Values

    def apply(self, p: Probabilities, parameters: Values | None = None) -> Probabilities:
        """Return calibrated probabilities (n, classes), by other parameters if they are given."""
        return _mapped(_logarithms(p), self.parameters if parameters is None else parameters)

    def error_of_mean(self, p: Probabilities, derivatives: Values) -> float:
        """Return the standard error that calibrating brings into a mean over rows.

        `derivatives` are those of each row's value by its classes' scores (n, classes).
        """
        gradient = _scores(_logarithms(p), derivatives).mean(axis=0)
        return float(np.sqrt(gradient @ self.covariance @ gradient))

    def draws(self, count: int, rng: np.random.Generator) -> Values:
        """Return parameters (count, 2 * classes) as they might have been on other rows."""
        drawn: Values = rng.multivariate_normal(
            self.parameters, self.covariance, count, method="eigh"
        )
        return drawn


def fit_calibration(
    y: npt.NDArray[Any], p: Probabilities, weights: Values | None = None
) -> Calibration:
    """Return the map that makes probabilities agree with outcomes.

    Each class has a slope and a shift of its logarithmic probability, and the classes are
    normalised to 1. With two classes that is beta calibration. A weak pull towards no change (of
    one row) keeps it defined. The covariance is the sandwich's, which holds with weights, too.

    Args:
        y: class codes of rows that the model has not seen (n,).
        p: its probabilities (n, classes).
        weights: of the rows (n,), with mean 1; all 1 if left out.

    Source: Kull, Silva Filho & Flach, Beta calibration, AISTATS 2017; Guo et al., On calibration of
    modern neural networks, ICML 2017 (vector scaling).
    """
    n, k = p.shape
    logarithms, w = _logarithms(p), np.ones(n) if weights is None else weights
    truth = np.zeros((n, k))
    truth[np.arange(n), y] = 1.0
    rest = np.concatenate([np.ones(k), np.zeros(k)])
    theta = rest.copy()
    for _ in range(_STEPS):
        q = _mapped(logarithms, theta)
        gradient = _scores(logarithms, truth - q).T @ w - _RIDGE * (theta - rest)
        step = np.linalg.solve(_curvature(logarithms, q, w), gradient)
        theta = theta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-8:
            break
    q = _mapped(logarithms, theta)
    inverse = np.linalg.inv(_curvature(logarithms, q, w))
    each = _scores(logarithms, truth - q) * w[:, None]
    covariance: Values = inverse @ (each.T @ each) @ inverse
    return Calibration(theta, covariance)


def _logarithms(p: Probabilities) -> Values:
    bounded = np.clip(p, LEAST, 1.0)
    logarithms: Values = np.log(bounded / bounded.sum(axis=1, keepdims=True))
    return logarithms


def _mapped(logarithms: Values, theta: Values) -> Probabilities:
    k = logarithms.shape[1]
    scores = logarithms * theta[:k] + theta[k:]
    shares: Values = np.exp(scores - scores.max(axis=1, keepdims=True))
    mapped: Probabilities = shares / shares.sum(axis=1, keepdims=True)
    return mapped


def _scores(logarithms: Values, residuals: Values) -> Values:
    """Derivatives of each row's log-likelihood by slopes and shifts (n, 2 * classes)."""
    return np.hstack([residuals * logarithms, residuals])


def _curvature(logarithms: Values, q: Probabilities, w: Values) -> Values:
    k = q.shape[1]
    weighted = np.hstack([q * logarithms, q])
    curvature: Values = -(weighted * w[:, None]).T @ weighted
    own = q * w[:, None]
    places = np.arange(k)
    curvature[places, places] += (own * logarithms**2).sum(axis=0)
    curvature[places, places + k] += (own * logarithms).sum(axis=0)
    curvature[places + k, places] += (own * logarithms).sum(axis=0)
    curvature[places + k, places + k] += own.sum(axis=0)
    curvature += _RIDGE * np.eye(2 * k)
    return curvature
