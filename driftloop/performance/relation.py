"""A changed relation of inputs and outcome, sought by a model of the champion's errors.

A mean over a window dilutes what changed in a part of it: where a rule turns for a twentieth of the
rows, ROC AUC may stay and the log loss lies within its noise. So a model learns where the errors of
the labelled window differ from those of the holdout, and is tried on rows that it has not seen.
"""

import math
from dataclasses import dataclass

import numpy as np

from driftloop.base.parallel import one_thread
from driftloop.base.scores import Score
from driftloop.performance.estimates.base import EstimateInputs, NoEstimateError, Values
from driftloop.performance.estimates.confidence_based import calibration_of
from driftloop.performance.estimates.error_model import feature_tables
from driftloop.performance.evidence import NORMAL_95, chance_below
from driftloop.performance.metrics import Truth, is_regression
from driftloop.performance.no_skill import ADVANTAGE_SHARE

MOST_ROWS = 5000
"""Rows of either side that are compared."""

HALVES_DOUBLE = 2.0
"""Factor on the variance: each row also teaches the model that judges the other half.

Where nothing changed, what two rows of different halves say of each other is the same term twice.
"""

LEAVES = 8
"""Of each tree. Larger ones learn more noise than change: with 31, six kinds of generated changes
were a third fewer standard errors from none."""

_LEAST_ROWS = 100


@dataclass(frozen=True, slots=True)
class RelationChange:
    """What a changed relation is worth: the mean squared change of the expected outcome.

    That is the Brier score, of a quantity the mean squared error, that it costs. `allowed` is a
    tenth of the champion's advantage over no skill in the same unit.
    """

    size: float
    error: float
    allowed: float

    def p_value(self, share: float) -> float:
        """Return the chance of this size where no more than a share of `allowed` changed."""
        return chance_below(share * self.allowed - self.size, self.error)

    def as_score(self, rows: int) -> Score:
        """Return it as a score of so many rows, which is the lower the more has changed."""
        reach = NORMAL_95 * self.error
        return Score("relation", -self.size, -self.size - reach, -self.size + reach, rows)


@one_thread()
def relation_change(inputs: EstimateInputs, y: Truth) -> RelationChange:
    """Return how much the outcomes of labelled rows (n,) changed for the same inputs.

    With errors r of the champion (whether its class came true, less the calibrated probability of
    that; of a quantity the residual), their mean m(x) on both sides and w the window's share of all
    rows, the size is the mean of h(x) (r - m(x)) (W - w) / (w (1 - w)) on unseen rows, W being 1 in
    the window. h is learned from the same products on the other half of the rows. Rows that merely
    have other inputs have no such product on average.

    Source: weighted generalised covariance measure, Scheidegger, Hörrmann & Bühlmann, JMLR 23(273),
    2022; Shah & Peters, Annals of Statistics 48(3), 2020.

    Raises `NoEstimateError` with fewer than 100 rows on a side or without a class.
    """
    holdout = inputs.holdout
    if min(len(y), len(holdout.y)) < _LEAST_ROWS:
        raise NoEstimateError(f"a relation needs {_LEAST_ROWS} rows on either side")
    errors = _errors(inputs, y)
    rng = np.random.default_rng(inputs.seed)
    chosen = [rng.permutation(len(side))[:MOST_ROWS] for side in errors]
    tables = [side[rows] for side, rows in zip(feature_tables(inputs), chosen, strict=True)]
    r = np.concatenate([side[rows] for side, rows in zip(errors, chosen, strict=True)])
    window = np.repeat([0.0, 1.0], [len(rows) for rows in chosen])
    products = _products(np.vstack(tables), r, window, rng)
    size = float(products.mean())
    error = math.sqrt(HALVES_DOUBLE / len(r)) * float(products.std())
    advantage = _no_skill(holdout.y) - float(np.mean(errors[0] ** 2))
    return RelationChange(size, error, ADVANTAGE_SHARE * max(0.0, advantage))


def _errors(inputs: EstimateInputs, y: Truth) -> tuple[Values, Values]:
    """Return the champion's errors on the holdout and on the labelled rows."""
    sides = (inputs.holdout.y, inputs.holdout.p), (y, inputs.p)
    if is_regression(y):
        before, now = (truth - p[:, 0] for truth, p in sides)
        return before, now
    calibration = calibration_of(inputs.holdout)
    before, now = (
        (truth == p.argmax(axis=1)) - calibration.apply(p)[np.arange(len(p)), p.argmax(axis=1)]
        for truth, p in sides
    )
    return before, now


def _no_skill(y: Truth) -> float:
    """Return the mean squared error of what needs no model: the mean, or the frequent class."""
    if is_regression(y):
        return float(np.var(y))
    share = float(np.bincount(y[y >= 0]).max()) / len(y)
    return share * (1 - share)


def _products(x: Values, r: Values, window: Values, rng: np.random.Generator) -> Values:
    """Return for each row what it says of a change, by models of the other half (n,)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    share = window.mean()
    side = (window - share) / (share * (1 - share))
    half = rng.permutation(len(r)) % 2
    products = np.empty(len(r))
    model = HistGradientBoostingRegressor(
        max_iter=30,
        learning_rate=0.15,
        max_leaf_nodes=LEAVES,
        early_stopping=False,
        random_state=0,
    )
    for number in range(2):
        seen, unseen = half != number, half == number
        model.fit(x[seen], r[seen])
        mean = model.predict(x)
        model.fit(x[seen], (r[seen] - mean[seen]) * side[seen])
        products[unseen] = model.predict(x[unseen]) * (r - mean)[unseen] * side[unseen]
    return products
