"""What earlier windows teach of an estimate: how far their labels were from it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from driftloop.base.scores import Score
from driftloop.performance.estimates.base import EstimatedScore
from driftloop.performance.evidence import NORMAL_95, standard_error

FADING = 0.8
"""What a window counts of the one after it: five windows in the long run."""

_LEAST_FREEDOM = 2.0


def with_past_gaps(estimated: EstimatedScore, gaps: Sequence[Score]) -> EstimatedScore:
    """Return an estimate that knows how far those of earlier windows were from their scores.

    The gaps are taken to be a lasting one, one of each window's own (a random effect), and the
    errors that the estimates knew of. The lasting one moves the estimate, shrunk by the positive
    part of James & Stein; what windows differ by beyond their errors widens the interval, by the
    quantile of Student's distribution for as many windows as they are worth, but two at least.

    Args:
        estimated: the score as the holdout alone tells it.
        gaps: scores less their estimates, newest first, each with the 95 % interval of its error.

    Source: Higgins, Thompson & Spiegelhalter, A re-evaluation of random-effects meta-analysis,
    JRSS A 172(1), 2009 (moments, prediction interval); Efron & Morris, JASA 68, 1973 (shrinkage).
    """
    if not gaps:
        return estimated
    from scipy.special import stdtrit

    values = np.array([gap.value for gap in gaps])
    known = np.array([standard_error(gap, 0.95) ** 2 for gap in gaps])
    weights = FADING ** np.arange(len(gaps))
    weights /= weights.sum()
    share = float(weights @ weights)  # one over the windows that they are worth
    mean = float(weights @ values)
    noise = float(weights**2 @ (known + max(0.0, float(weights @ (values**2 - known)))))
    lasting = mean * max(0.0, 1 - noise / mean**2) if mean else 0.0
    between = max(0.0, float(weights @ ((values - lasting) ** 2 - known))) * (1 + share)
    widening = float(stdtrit(max(1 / share, _LEAST_FREEDOM), 0.975)) / NORMAL_95
    windows = widening * math.sqrt(between)
    return replace(estimated, value=estimated.value + lasting, windows=windows)


def estimate_gap(metric: str, scored: float, estimated: EstimatedScore, rows: int) -> Score:
    """Return what labelled rows scored beyond their estimate, with the interval of its error."""
    gap, reach = scored - estimated.value, NORMAL_95 * estimated.error
    return Score(metric, gap, gap - reach, gap + reach, rows)
