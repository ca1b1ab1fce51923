import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from driftloop.performance.estimates.calibration import fit_calibration
from tests.driftloop.performance.estimates.streams import binary, three


@pytest.mark.parametrize("rows", [450, 4000])
def test_two_classes_are_a_logistic_regression_of_both_logarithms(rows: int) -> None:
    """By scikit-learn, with weights, and without our weak pull; of few rows it has no knot."""
    _, y, p = binary(rows, 0)
    weights = np.random.default_rng(1).uniform(0.2, 1.8, len(y))
    calibration = fit_calibration(y, p, weights)
    assert calibration.knots.shape == (2, 0 if rows == 450 else 4)
    logs = np.log(p)
    above = np.maximum(logs[:, :, None] - calibration.knots, 0).reshape(rows, -1)
    table = np.hstack([logs, above])
    peer = LogisticRegression(C=1e4, max_iter=5000, tol=1e-8).fit(table, y, weights)
    found = calibration.apply(p)
    gap = np.abs(found[:, 1] - peer.predict_proba(table)[:, 1])
    assert gap.mean() < 1e-2
    assert gap.max() < 4e-2


def test_probabilities_that_are_wrong_in_opposite_ways_are_corrected() -> None:
    """Timid in the middle, sure at the ends: no straight line of logarithms corrects both."""
    rng = np.random.default_rng(5)
    truth = rng.uniform(0.02, 0.98, 20_000)
    y = (rng.random(len(truth)) < truth).astype(int)
    odds = np.log(truth / (1 - truth))
    told = 1 / (1 + np.exp(-np.sign(odds) * (0.3 * np.abs(odds) + 0.25 * odds**2)))
    q = fit_calibration(y, np.column_stack([1 - told, told])).apply(
        np.column_stack([1 - told, told])
    )
    assert np.abs(q[:, 1] - truth).mean() < 0.02
    assert np.abs(told - truth).mean() > 0.04


def test_calibrated_shares_are_those_of_the_outcomes() -> None:
    _, y, p = three(6000, 0)
    q = fit_calibration(y, p).apply(p)
    assert q.sum(axis=1) == pytest.approx(np.ones(len(y)))
    for code in range(3):
        assert q[:, code].mean() == pytest.approx((y == code).mean(), abs=2e-3)
        sure = q[:, code] > 0.6
        assert q[sure, code].mean() == pytest.approx((y[sure] == code).mean(), abs=0.06)


def test_the_covariance_is_that_of_other_holdouts() -> None:
    """Mean prediction of a fixed set of rows, over 150 holdouts and over 150 draws from one."""
    _, _, rows = binary(400, 99)
    fitted = [fit_calibration(*binary(1000, seed)[1:]) for seed in range(150)]
    true = np.std([one.apply(rows)[:, 1].mean() for one in fitted])
    draws = fitted[0].draws(rows, 150, np.random.default_rng(0))
    drawn = np.std(draws[:, :, 1].mean(axis=1))
    assert drawn == pytest.approx(true, rel=0.25)


def test_certain_and_constant_predictions_are_no_obstacle() -> None:
    y = np.tile([0, 1], 100)
    certain = np.column_stack([1 - y, y]).astype(float)
    assert fit_calibration(y, certain).apply(certain)[y == 1, 1].min() > 0.95
    assert fit_calibration(y, np.full((200, 2), 0.5)).apply(certain[:1] * 0 + 0.5) == pytest.approx(
        np.full((1, 2), 0.5)
    )
