from typing import Any

import numpy as np
import pytest

from driftloop.comparison.gates.calibration import Calibration, calibration_error
from driftloop.comparison.gates.inputs import GateInputs
from tests.driftloop.cases import probabilities


def drawn(rows: int, seed: int, shift: float = 0.0) -> tuple[Any, Any]:
    """Outcomes with known probabilities, and a model that says `shift` more."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.1, 0.7, rows)
    return (rng.random(rows) < truth).astype(int), probabilities(truth + shift)


def shown(y: Any, p: Any, champion: Any = None) -> GateInputs:
    return GateInputs("roc_auc", y, p, champion)


def test_error_by_hand() -> None:
    """Two bins of ten: said 0.2 and 0.7, came true 3 and 5 of ten."""
    said = np.repeat([0.2, 0.7], 10)
    y = np.r_[np.repeat([1, 0], [3, 7]), np.repeat([1, 0], [5, 5])]
    expected = (0.1**2 - 0.21 / 9) / 2 + (0.2**2 - 0.25 / 9) / 2
    assert calibration_error(y, probabilities(said), 10).squared == pytest.approx(expected)


def test_estimate_has_no_bias_and_the_stated_error() -> None:
    found = [calibration_error(*drawn(200, seed), 10) for seed in range(400)]
    squared = np.array([one.squared for one in found])
    assert abs(squared.mean()) < 3 * squared.std() / 20
    told = np.mean([one.deviation(0.0) for one in found])
    assert squared.std() == pytest.approx(told, rel=0.25)


@pytest.mark.parametrize("shift", [0.05, 0.15])
def test_known_error_is_found(shift: float) -> None:
    assert calibration_error(*drawn(100_000, 0, shift), 10).root == pytest.approx(shift, abs=0.006)


def test_small_holdouts_are_seldom_refused_by_noise() -> None:
    """Perfectly calibrated, 200 rows: at most 5 % even at an error allowed of next to nothing."""
    refused = sum(
        not Calibration(maximum=0.001).check(shown(*drawn(200, seed))).passed for seed in range(300)
    )
    assert 0 < refused <= 30


def test_a_large_error_does_not_widen_its_own_interval() -> None:
    """0.085 seen on 290 rows is not 0.001; an interval about 0.085 reached down to it."""
    models = [drawn(290, seed, 0.1) for seed in range(200)]
    seen = np.array([calibration_error(*model, 10).root for model in models])
    passed = np.array([Calibration(maximum=0.001).check(shown(*model)).passed for model in models])
    assert (seen > 0.085).sum() > 50
    assert not passed[seen > 0.085].any()
    just = [Calibration(maximum=0.1).check(shown(*model)).passed for model in models]
    assert sum(just) >= 180, "a model with just the maximum is refused once in twenty"


def test_poor_calibration_refuses() -> None:
    result = Calibration().check(shown(*drawn(2000, 1, 0.2)))
    assert result.status == "refused"
    assert result.sentence.startswith("The calibration error is 0.18")
    assert "0.05 is allowed" in result.sentence
    assert Calibration(maximum=0.25).check(shown(*drawn(2000, 1, 0.2))).passed


def test_champion_is_compared_where_asked() -> None:
    y, good = drawn(5000, 2)
    worse = probabilities(good[:, 1] + 0.1)
    assert Calibration(maximum=0.2).check(shown(y, worse, good)).passed
    refused = Calibration(maximum=0.2, tolerance=0.05).check(shown(y, worse, good))
    assert refused.status == "refused"
    assert "the champion's is 0.0" in refused.sentence
    assert Calibration(maximum=0.2, tolerance=0.05).check(shown(y, good, worse)).passed
    # As bad as the champion is not good enough: the maximum holds as well.
    assert not Calibration(maximum=0.02, tolerance=0.05).check(shown(y, worse, worse)).passed


def test_many_classes_go_by_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 4000)
    y = np.array([rng.choice(3, p=row) for row in p])
    assert Calibration().check(shown(y, p)).passed
    sharp = p**4 / (p**4).sum(axis=1, keepdims=True)
    assert not Calibration().check(shown(y, sharp)).passed


def test_what_cannot_be_judged_has_not_run() -> None:
    y, p = drawn(9, 0)
    assert Calibration().check(shown(y, p)).status == "not_run"
    values = np.linspace(0, 1, 100)
    assert Calibration().check(shown(values, values[:, None])).status == "not_run"
