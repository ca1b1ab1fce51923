from typing import Any

import numpy as np
import pytest

from driftloop.drift.domain_classifier import DomainClassifier
from driftloop.performance.estimates.base import NoEstimateError
from driftloop.performance.estimates.confidence_based import ConfidenceBased, Reweighted
from driftloop.performance.metrics import score
from tests.driftloop.performance.estimates.streams import binary, inputs, three


@pytest.mark.parametrize(
    "metric", ["roc_auc", "average_precision", "accuracy", "f1", "neg_log_loss"]
)
def test_intervals_cover_what_labels_show(metric: Any) -> None:
    inside = 0
    for seed in range(40):
        before, now = binary(1500, seed), binary(600, 1000 + seed)
        found = ConfidenceBased().estimate(inputs(metric, before, now))
        inside += abs(score(metric, *now[1:]) - found.value) <= 1.96 * found.error
    assert inside >= 35, "95 % of 40, and chance allows for 35"


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "neg_log_loss"])
def test_three_classes(metric: Any) -> None:
    before, now = three(3000, 0), three(3000, 1)
    found = ConfidenceBased().estimate(inputs(metric, before, now))
    assert score(metric, *now[1:]) == pytest.approx(found.value, abs=3 * found.error)
    assert found.error < 0.05


def test_errors_fall_with_rows_and_with_the_holdout() -> None:
    small, large = binary(800, 0), binary(8000, 0)
    by_rows = [ConfidenceBased().estimate(inputs("accuracy", large, now)) for now in (small, large)]
    assert by_rows[0].sampling == pytest.approx(by_rows[1].sampling * np.sqrt(10), rel=0.3)
    by_holdout = [ConfidenceBased().estimate(inputs("accuracy", b, small)) for b in (small, large)]
    assert by_holdout[0].estimation > 2 * by_holdout[1].estimation


def test_reweighting_takes_the_bias_of_a_covariate_shift() -> None:
    """The second feature moves, which the champion does not know: its calibration is another."""
    before, now = binary(8000, 0), binary(20_000, 1)
    keep = np.random.default_rng(2).random(20_000) < 1 / (1 + np.exp(-2.5 * now[0]["b"]))
    now = (now[0][keep].reset_index(drop=True), now[1][keep], now[2][keep])
    density = DomainClassifier(rows=3000, folds=2).density_ratios(before[0], now[0])
    assert density is not None
    assert density.mean() == pytest.approx(1)
    true = score("f1", *now[1:])
    errors = [
        abs(method.estimate(inputs("f1", before, now, density)).value - true)
        for method in (ConfidenceBased(), Reweighted())
    ]
    assert errors[1] < errors[0] / 2


def test_alike_tables_have_no_density_ratio() -> None:
    before, now = binary(1500, 0), binary(1500, 1)
    assert DomainClassifier(rows=1500, folds=2).density_ratios(before[0], now[0]) is None
    plain, weighed = (
        m.estimate(inputs("f1", before, now)) for m in (ConfidenceBased(), Reweighted())
    )
    assert plain == weighed


def test_what_cannot_be_estimated_says_why() -> None:
    before, now = binary(500, 0), binary(500, 1)
    features, _, p = before
    with pytest.raises(NoEstimateError, match="not every class"):
        ConfidenceBased().estimate(inputs("f1", (features, np.zeros(500, dtype=int), p), now))
    few = np.zeros(500)
    few[:3] = 500 / 3
    with pytest.raises(NoEstimateError, match="only 3 rows of the holdout"):
        Reweighted().estimate(inputs("f1", before, now, few))
    with pytest.raises(NoEstimateError, match="undefined"):
        ConfidenceBased().estimate(inputs("roc_auc", three(500, 0), three(500, 1)))
