"""Change point of inputs and outcome, by the losses of a model on rows it never saw.

Inputs may stay as they are while the outcome changes. What then moves is the model's loss, row by
row, so that the beginning is found to within rows.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from driftloop.base.periods import Span
from driftloop.performance.metrics import (
    MetricName,
    Truth,
    is_regression,
    score,
    score_with_interval,
)
from driftloop.performance.target import Probabilities

LEVEL = 0.001
"""Chance of a change to be found where there is none."""

LEAST_ROWS = 50
"""Rows on either side of a change."""

Losses = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """When the present regime began, and what shows it: the inputs, or the labels.

    Labels show it by a loss of performance, or by classes that the champion cannot predict.
    """

    since: datetime
    by: Literal["inputs", "performance", "classes"]


def joint_change(drifted: datetime | None, labels: Change | None, window: Span) -> Change | None:
    """Return the change of the present regime, from when inputs drifted and what labels show.

    Labels decide, and their date; but with a rare class a loss is found some days late: where drift
    of the inputs began no more than a window's length before, it began there.
    """
    if labels is None:
        return None if drifted is None else Change(drifted, "inputs")
    if drifted is not None and window.before(labels.since) < drifted < labels.since:
        return Change(drifted, labels.by)
    return labels


def row_losses(y: Truth, p: Probabilities) -> Losses:
    """Return the loss of each row (n,): the Brier score, or the absolute error of a regression."""
    if is_regression(y):
        errors: Losses = np.abs(p[:, 0] - y)
        return errors
    hit = np.eye(p.shape[1])[y]
    brier: Losses = ((p - hit) ** 2).sum(axis=1)
    return brier


def change_in_performance(
    metric: MetricName,
    y: Truth,
    p: Probabilities,
    threshold: float | None = None,
    enough: int = 0,
) -> int | None:
    """Return the first row from which on a model proves worse than before; None without one.

    The rows (n,) are in time order and were not trained on. The newest change of the mean loss
    counts, where the metric since then is proven lower than it was before; of several, as a gradual
    change shows, the newest that `enough` rows follow, if there is one.
    """
    begin = newest_change(row_losses(y, p), enough)
    if begin is None:
        return None
    before = score(metric, y[:begin], p[:begin], threshold)
    now = score_with_interval(
        metric, y[begin:], p[begin:], count=400, confidence=0.95, seed=0, threshold=threshold
    )
    return begin if now.high < before else None


def newest_change(losses: Losses, enough: int = 0) -> int | None:
    """Return the row at which the newest change of the mean loss (n,) began, or None.

    The rows are split where the means of both sides differ most, in standard errors; where that is
    no chance the newer side is split again, unless fewer than `enough` rows would be left.

    Source: binary segmentation: Vostrikova, Soviet Mathematics Doklady 24, 1981.
    """
    begin: int | None = None
    while (split := _split(losses[begin or 0 :])) is not None:
        newer = (begin or 0) + split
        if begin is not None and len(losses) - newer < enough:
            break
        begin = newer
    return begin


def _split(losses: Losses) -> int | None:
    """Return where the mean of rows (n,) changed most, if that is not chance."""
    n = len(losses)
    if n < 2 * LEAST_ROWS:
        return None
    left = np.arange(LEAST_ROWS, n - LEAST_ROWS + 1)
    sums, squares = np.cumsum(losses), np.cumsum(losses**2)
    first, second = sums[left - 1] / left, (sums[-1] - sums[left - 1]) / (n - left)
    within = squares[-1] - left * first**2 - (n - left) * second**2
    spread = np.sqrt(np.maximum(within / (n - 2), 1e-300))
    z = np.abs(second - first) / (spread * np.sqrt(1 / left + 1 / (n - left)))
    best = int(z.argmax())
    return int(left[best]) if largest_z_by_chance(float(z[best]), n) <= LEVEL else None


def largest_z_by_chance(z: float, n: int) -> float:
    """Return the chance that the largest standardised difference over all splits exceeds z.

    Source: Miller & Siegmund, Maximally selected chi square statistics, Biometrics 38, 1982.
    """
    if z <= 1:
        return 1.0
    share = LEAST_ROWS / n
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    odds = 2 * math.log((1 - share) / share)
    return min(1.0, density * (z - 1 / z) * odds + 4 * density / z)
