from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from driftloop.base.findings import Promise
from driftloop.base.scores import Score
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.promise import Shortfall, judge_promise, shortfall
from tests.driftloop.performance.estimates.streams import Rows, binary, inputs, quantity, three


def judged(before: Rows, now: Rows, record: TrackRecord = NO_RECORD, metric: Any = "f1") -> Promise:
    found = shortfall(inputs(metric, before, now), now[1])
    return judge_promise(found, now[1], record, 0.5)


def test_harder_inputs_keep_the_promise() -> None:
    """The champion is less sure where its feature lies at the border."""
    kept = judged(binary(3000, 0), binary(1500, 1, shift=0.3))
    assert kept.status == "kept"
    assert kept.sentence.startswith("The champion promised a log loss of 0.")
    assert (
        judged(quantity(3000, 0), quantity(1500, 1, shift=0.4), metric="neg_mae").status == "kept"
    )


def test_a_changed_relation_breaks_it_where_the_score_holds() -> None:
    """Easier inputs, and of a sixth of the rows the other outcome: about the old accuracy."""
    before, now = binary(3000, 0), binary(1500, 1, shift=1.2, turned=0.16)
    accuracies = [np.mean(p.argmax(axis=1) == y) for _, y, p in (before, now)]
    assert accuracies[1] > accuracies[0] - 0.01
    found = judged(before, now)
    assert found.status == "broken"
    assert found.promised > found.scored
    assert found.sentence.endswith("the same inputs now lead to other outcomes.")


def test_windows_add_up_and_a_small_gap_is_none() -> None:
    """An advantage of 0.193 over the entropy of two equal classes: 0.0048 is a 40th of it."""

    def window(gap: float, error: float) -> Score:
        return Score("neg_log_loss", gap, gap - 1.959964 * error, gap + 1.959964 * error, 400)

    y, gap = np.tile([0, 1], 200), window(-0.06, 0.02)
    one = Shortfall(gap, -0.5, 0.004)
    assert judge_promise(one, y, NO_RECORD, 0.5).status == "kept"
    found = judge_promise(one, y, TrackRecord(promises=(gap, gap)), 0.5)
    assert (found.status, found.windows) == ("broken", 3)
    least = 0.025 * (np.log(2) - 0.5)
    z = (least - 0.06) / np.hypot(1.5 * 0.02 / np.sqrt(3), 0.004)
    assert found.p_value == pytest.approx(2 * norm.cdf(z), rel=1e-4)
    assert judge_promise(one, y, TrackRecord(promises=(gap, gap)), 0.5, 3.0).status == "kept"
    tiny = judge_promise(Shortfall(window(-0.0045, 0.0005), -0.5, 0.0005), y, NO_RECORD, 0.5)
    assert tiny.status == "kept", "six errors from 0, and too small to count"


@pytest.mark.parametrize("stream", [binary, three])
def test_a_kept_promise_is_rarely_called_broken(stream: Any) -> None:
    """z of 40 windows without a change: mean 0, deviation 1, whatever the size of the holdout."""
    for rows in (400, 2000):
        scores = []
        for seed in range(40):
            before, now = stream(rows, seed), stream(500, 1000 + seed)
            found = shortfall(inputs("accuracy", before, now), now[1])
            sampling = (found.gap.high - found.gap.low) / 2 / 1.96
            scores.append(found.gap.value / np.hypot(sampling, found.estimation))
        assert abs(np.mean(scores)) < 0.5
        assert 0.7 < np.std(scores) < 1.25
