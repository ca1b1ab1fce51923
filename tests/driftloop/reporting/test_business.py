"""Business figures: what a window's values come to, and how they go with the score."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.stats import spearmanr

from driftloop.base.errors import DataError
from driftloop.config.business import BusinessFigure
from driftloop.reporting.business import LEAST_RUNS, rank_correlation


def test_values_of_a_window_become_one() -> None:
    values = pd.Series([1.0, None, 3.0, 5.0])
    mean, total = (BusinessFigure(name="r", column="x", combine=how) for how in ("mean", "sum"))
    assert (mean.of(values).value, total.of(values).value) == (3.0, 9.0)
    nothing = mean.of(pd.Series([None, None]))
    assert (nothing.value, nothing.sentence) == (None, "r is not known: no value in the window.")
    with pytest.raises(DataError, match=r"holds (object|str) values, not numbers"):
        mean.of(pd.Series(["a", "b"], dtype=object))


def test_the_correlation_is_spearmans_over_runs_that_know_both() -> None:
    rng = np.random.default_rng(0)
    scores = [*rng.random(12).round(1), None, 0.4]
    figures = [*(rng.random(12) + scores[:12]), 3.0, None]
    found = rank_correlation(scores, figures)
    assert found is not None
    assert found.value == pytest.approx(spearmanr(scores[:12], figures[:12]).statistic)
    assert found.runs == 12
    middle, reach = np.arctanh(found.value), 1.96 * np.sqrt(1.06 / 9)
    assert found.low == pytest.approx(np.tanh(middle - reach), abs=1e-4)
    assert found.high == pytest.approx(np.tanh(middle + reach), abs=1e-4)
    assert rank_correlation(scores[: LEAST_RUNS - 1], figures[: LEAST_RUNS - 1]) is None
    assert rank_correlation([0.5] * 9, list(range(9))) is None, "a constant goes with nothing"
    perfect = rank_correlation(range(9), range(9))
    assert perfect is not None
    assert perfect.value == pytest.approx(1.0)


def test_the_interval_covers_what_is_true() -> None:
    """Of two normal variables with a correlation of 0.6 Spearman's is 6 / pi asin(0.3)."""
    true, covered = 6 / np.pi * np.arcsin(0.3), 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        one, noise = rng.normal(size=(2, 25))
        found = rank_correlation(one, 0.6 * one + 0.8 * noise)
        covered += found is not None and found.low <= true <= found.high
    assert 368 <= covered <= 395, "of 400 at 95 %, within three standard errors and a half"


def test_a_table_is_in_the_workspace() -> None:
    for path in ("/etc/passwd", "../figures.csv"):
        with pytest.raises(ValidationError, match="outside the workspace"):
            BusinessFigure(name="r", column="x", table=path)
