"""What labels said of earlier estimates moves the next one, and widens its interval."""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from driftloop.base.scores import Score
from driftloop.performance.estimates.base import EstimatedScore
from driftloop.performance.estimates.past_gaps import FADING, estimate_gap, with_past_gaps

ESTIMATED = EstimatedScore(0.8, 0.012, 0.005)
WINDOWS, STREAMS = 25, 200


def gap(value: float, error: float = 0.013) -> Score:
    return Score("roc_auc", value, value - 1.959964 * error, value + 1.959964 * error, 1000)


def test_without_labels_the_estimate_stays() -> None:
    assert with_past_gaps(ESTIMATED, ()) == ESTIMATED
    assert ESTIMATED.error == math.hypot(0.012, 0.005)
    found = estimate_gap("roc_auc", 0.75, ESTIMATED, 400)
    assert (found.value, found.rows) == (pytest.approx(-0.05), 400)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * ESTIMATED.error)


def test_the_numbers_are_those_of_the_formula() -> None:
    """Two windows: written out by hand."""
    d1, d2, v = -0.10, -0.06, 0.013**2
    w1, w2 = 1 / (1 + FADING), FADING / (1 + FADING)
    mean, first = w1 * d1 + w2 * d2, w1 * (d1**2 - v) + w2 * (d2**2 - v)
    noise = (w1**2 + w2**2) * (v + first)
    lasting = mean * (1 - noise / mean**2)
    rest = w1 * ((d1 - lasting) ** 2 - v) + w2 * ((d2 - lasting) ** 2 - v)
    wide = student.ppf(0.975, 2) / 1.959964 * math.sqrt(rest * (1 + w1**2 + w2**2))
    found = with_past_gaps(ESTIMATED, (gap(d1), gap(d2)))
    assert found.value == pytest.approx(0.8 + lasting)
    assert found.windows == pytest.approx(wide)


@pytest.mark.parametrize(
    ("lasting", "differ", "moves"), [(0.0, 0.0, 0.0), (-0.08, 0.0, 0.4), (0.0, 0.05, 0.0)]
)
def test_the_interval_covers_what_windows_do(lasting: float, differ: float, moves: float) -> None:
    """Scores that are as estimated, that all lie below it, and windows that differ by nature."""
    rng = np.random.default_rng(0)
    covered, errors, plain = [], [], []
    for _ in range(STREAMS):
        off = lasting + rng.normal(0, 1, WINDOWS) * math.hypot(differ, ESTIMATED.error)
        gaps = [gap(value) for value in off]
        for number in range(3, WINDOWS):
            found = with_past_gaps(ESTIMATED, gaps[:number][::-1])
            error = abs(0.8 + off[number] - found.value)
            covered.append(error <= 1.959964 * found.error)
            errors.append(error)
            plain.append(abs(off[number]))
    assert 0.93 <= np.mean(covered) <= 0.98
    assert np.mean(errors) < (moves or 1.12) * np.mean(plain)
