from typing import Any

import numpy as np
import pytest

from driftloop.performance.estimates.base import NoEstimateError
from driftloop.performance.estimates.error_model import ErrorModel
from driftloop.performance.metrics import score
from tests.driftloop.performance.estimates.streams import inputs, quantity


@pytest.mark.parametrize("metric", ["neg_rmse", "neg_mae", "r2"])
def test_a_larger_error_on_other_inputs_is_expected(metric: Any) -> None:
    before, now = quantity(5000, 0), quantity(5000, 1, shift=0.7)
    found = ErrorModel().estimate(inputs(metric, before, now))
    old, new = score(metric, *before[1:]), score(metric, *now[1:])
    assert new < found.value + 3 * found.error
    assert abs(found.value - new) < abs(old - new) / 2


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["neg_rmse", "r2"])
def test_intervals_cover_what_labels_show(metric: Any) -> None:
    inside = 0
    for seed in range(15):
        before, now = quantity(1500, seed), quantity(600, 1000 + seed)
        found = ErrorModel().estimate(inputs(metric, before, now))
        inside += abs(score(metric, *now[1:]) - found.value) <= 1.96 * found.error
    assert inside >= 12


def test_too_small_a_holdout() -> None:
    with pytest.raises(NoEstimateError, match="150 rows, 200 are needed"):
        ErrorModel().estimate(inputs("neg_mae", quantity(150, 0), quantity(300, 1)))
    features, y, _ = quantity(300, 0)
    with pytest.raises(NoEstimateError, match="no error"):
        ErrorModel().estimate(inputs("neg_rmse", (features, y, y[:, None]), quantity(9, 1)))
    assert np.isfinite(ErrorModel().estimate(inputs("r2", quantity(300, 0), quantity(9, 1))).value)
