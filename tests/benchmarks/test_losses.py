"""Losses of known size: what is drawn has the score it should, and the best test its power."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, roc_auc_score

from benchmarks.losses import CASES, LOSS, Case, best_power, drawn


@pytest.mark.parametrize("case", CASES)
def test_what_is_drawn_has_the_score_and_the_positives(case: Case) -> None:
    y, p = drawn(case, case.score, 200_000, np.random.default_rng(1))
    by_sklearn = {
        "accuracy": lambda: accuracy_score(y, p[:, 1] >= 0.5),
        "roc_auc": lambda: roc_auc_score(y, p[:, 1]),
    }
    assert by_sklearn[case.metric]() == pytest.approx(case.score, abs=0.005)
    assert y.mean() == pytest.approx(case.positives, abs=0.005)


def test_the_best_test_finds_as_often_as_it_says() -> None:
    """By simulation: a mean of three windows against a holdout, at a level of 2 in 52 looks."""
    rng, tries = np.random.default_rng(2), 20_000
    scores = np.column_stack(
        [rng.normal(0.85, 0.006, tries), rng.normal(0.85 - LOSS, 0.03, (tries, 3))]
    )
    errors = np.hypot(0.006, 0.03 / np.sqrt(3))
    z = (scores[:, 0] - scores[:, 1:].mean(axis=1)) / errors
    found = np.mean(z > stats.norm.isf(2 / (365.25 / 7)))
    assert best_power(scores) == pytest.approx(found, abs=0.01)
