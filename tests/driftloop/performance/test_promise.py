from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from driftloop.base.findings import Promise
from driftloop.base.scores import Score
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.promise import Shortfall, judge_promise, shortfall
from driftloop.performance.relation import RelationChange
from tests.driftloop.alerts.messages.message_records import performance
from tests.driftloop.performance.estimates.streams import Rows, binary, inputs, quantity, three


def window(gap: float, error: float) -> Score:
    return Score("neg_log_loss", gap, gap - 1.959964 * error, gap + 1.959964 * error, 400)


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


Y = np.tile([0, 1], 200)


def history(*windows: tuple[float, float, float]) -> list[Promise]:
    """Promises of windows with these gaps, their errors, and sizes of a changed relation."""
    record, found = TrackRecord(), []
    for gap, error, size in windows:
        now, relation = (
            Shortfall(window(gap, error), -0.5, 0.004),
            RelationChange(size, 0.004, 0.02),
        )
        found.append(judge_promise(now, Y, record, 0.2, 1.0, relation))
        record = record.after(replace(performance(), promise=found[-1]))
    return found


def test_a_broken_promise_is_not_kept_again_by_one_unclear_window() -> None:
    """0.15 were missing: 1.5 times an error of 0.09 would not see them, of 0.02 it does."""
    *_, broken, unclear, half, sure, calm = history(
        (0, 0.02, 0), (-0.15, 0.02, 0), (0, 0.09, 0), (-0.06, 0.02, 0), (0, 0.02, 0), (0, 0.03, 0)
    )
    assert (broken.status, broken.proven, broken.broken) == ("broken", True, ("score",))
    assert (unclear.status, unclear.proven, unclear.broken) == ("broken", False, ("score",))
    assert unclear.p_value > 0.05
    assert unclear.sentence.endswith(
        ": the promise was broken before, and it is not proven that it is kept again."
    )
    assert half.status == "broken", "less is missing than before, and something surely is"
    assert (sure.status, sure.broken) == ("kept", ())
    assert (calm.status, calm.windows) == ("kept", 1), "what was missing before counts no more"


def test_windows_together_prove_that_a_promise_is_kept_again() -> None:
    unclear = (0.0, 0.06, 0.0)
    found = history((-0.15, 0.02, 0), *[unclear] * 3)
    assert [one.status for one in found] == ["broken", "broken", "broken", "kept"]
    errors = 0.15 / (1.5 * 0.06)
    assert norm.sf(errors) > 0.025 > 2 * norm.sf(errors * np.sqrt(3))
    noisy = history((-0.15, 0.02, 0), *[(0.0, 0.08, 0.0)] * 9)
    assert [one.status for one in noisy] == ["broken"] * 9 + ["kept"]


def test_a_changed_relation_is_as_before_once_a_window_shows_less_than_was_found() -> None:
    found = history((0, 0.02, 0.03), (0, 0.02, 0.024), (0, 0.02, 0.012), (0, 0.02, 0.002))
    assert [one.status for one in found] == ["broken", "broken", "broken", "kept"]
    assert [one.proven for one in found] == [True, True, False, True]
    assert [one.broken for one in found] == [("relation",)] * 3 + [()]
    untested = TrackRecord(
        promises=(window(0, 0.02),), broken=(("relation",),), relations=(found[0].change,)
    )
    now = Shortfall(window(0, 0.02), -0.5, 0.004)
    assert judge_promise(now, Y, untested, 0.2).broken == ("relation",), "nothing was asked"


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
