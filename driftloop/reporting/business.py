"""Business figures beside the score: their course over past runs, and both in a sentence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from driftloop.base.scores import metric_name, number

LEAST_RUNS = 5
"""Runs that a correlation needs."""


@dataclass(frozen=True, slots=True)
class BusinessSeries:
    """A figure over past runs, oldest first, None where it was not known; and what it says."""

    name: str
    values: tuple[float | None, ...]
    sentence: str


def business_series(
    runs: Sequence[Mapping[str, float]],
    scores: Sequence[float | None],
    metric: str | None,
    units: Mapping[str, str],
) -> tuple[BusinessSeries, ...]:
    """Return the course of each figure that the newest run knows, beside its score.

    `runs` have the figures of each run by name, `scores` its score, `units` those that are known.
    """
    newest = runs[-1] if runs else {}
    return tuple(_series(name, runs, scores, metric, units.get(name, "")) for name in newest)


def _series(
    name: str,
    runs: Sequence[Mapping[str, float]],
    scores: Sequence[float | None],
    metric: str | None,
    unit: str,
) -> BusinessSeries:
    values = tuple(run.get(name) for run in runs)
    correlation = rank_correlation(scores, values)
    sentence = f"{name} {number(values[-1])}{f' {unit}' if unit else ''}"
    if correlation is None:
        return BusinessSeries(name, values, f"{sentence}; a correlation needs {LEAST_RUNS} runs.")
    ends = f"{number(correlation.low)} to {number(correlation.high)}"
    sentence += f"; rank correlation with {metric_name(metric)} over {correlation.runs} runs "
    return BusinessSeries(name, values, f"{sentence}{number(correlation.value)} ({ends}).")


class Correlation(NamedTuple):
    """A rank correlation over so many runs, with its interval of 95 %."""

    value: float
    low: float
    high: float
    runs: int


def rank_correlation(
    scores: Sequence[float | None], figures: Sequence[float | None]
) -> Correlation | None:
    """Return Spearman's correlation of scores with a figure over the runs that know both.

    None with fewer than `LEAST_RUNS` of them, or where either does not vary. The interval is
    that of Fisher's transformation with variance 1.06 / (n - 3): Fieller, Hartley & Pearson,
    Tests for rank correlation coefficients, Biometrika 44, 1957.
    """
    known = [
        (score, figure)
        for score, figure in zip(scores, figures, strict=True)
        if score is not None and figure is not None
    ]
    if len(known) < LEAST_RUNS:
        return None
    import numpy as np
    import pandas as pd

    ranks = np.array([pd.Series(side).rank() for side in zip(*known, strict=True)])
    if any(np.ptp(side) == 0 for side in ranks):
        return None
    value = float(np.corrcoef(ranks)[0, 1])
    middle = math.atanh(max(min(value, 1 - 1e-12), -1 + 1e-12))
    reach = 1.959964 * math.sqrt(1.06 / (len(known) - 3))
    return Correlation(value, math.tanh(middle - reach), math.tanh(middle + reach), len(known))
