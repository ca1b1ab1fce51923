from typing import Any

import pandas as pd
import pytest
from scipy.stats import norm

from driftloop.base.findings import EstimatedPerformance
from driftloop.base.scores import Level, Score
from driftloop.performance.estimated import EstimateCriteria, estimate_window, outside_share
from driftloop.performance.estimates import default_estimate
from driftloop.performance.level import TrackRecord
from driftloop.performance.metrics import score
from driftloop.performance.no_skill import no_skill_score
from driftloop.performance.realised import PerformanceSettings, judge_performance
from tests.driftloop.cases import NOW, WINDOW
from tests.driftloop.performance.estimates.streams import Rows, binary, inputs, quantity

BEFORE = binary(4000, 0)
BASE = Score("accuracy", score("accuracy", *BEFORE[1:]), 0.7, 0.73, 4000)


def judged(now: Rows, level: Level | None = None, **settings: Any) -> EstimatedPerformance:
    by = EstimateCriteria(BASE, level, PerformanceSettings(**settings), 52)
    data = inputs("accuracy", BEFORE, now)
    return estimate_window(default_estimate("binary"), data, WINDOW, len(now[1]), by)


def narrow(rows: int) -> Rows:
    """Rows at the border of both classes, where the champion can only guess."""
    features, y, p = binary(rows * 8, 3)
    keep = features["a"].abs() < 0.3
    return features[keep].reset_index(drop=True), y[keep], p[keep]


def test_a_loss_is_estimated_without_a_label() -> None:
    found = judged(narrow(1000))
    assert found.status == "lost"
    assert found.sentence.startswith("A loss is estimated: accuracy 0.5")
    assert found.score is not None
    assert found.score == pytest.approx(score("accuracy", *narrow(1000)[1:]), abs=0.04)
    assert (found.method, found.window) == ("confidence_based", WINDOW)
    error = (BASE.high - BASE.low) / 2 / norm.ppf(0.975)
    majority = max(BEFORE[1].mean(), 1 - BEFORE[1].mean())
    margin = max(0.1 * (BASE.value - majority), error)
    assert found.limit == pytest.approx(BASE.value - margin)


def test_an_estimate_as_good_as_guessing_says_so() -> None:
    found = judged(narrow(1000))
    majority = max(BEFORE[1].mean(), 1 - BEFORE[1].mean())
    assert f" on its holdout, {majority:.3f} is guessing; the limit is " in found.sentence
    assert "guessing" not in judged(binary(2000, 1)).sentence


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "f1"])
@pytest.mark.parametrize("value", [0.2, 0.55, 0.8])
@pytest.mark.parametrize("more", [{}, {"margin": 0.01}, {"floor": 0.7}, {"level": 0.75}])
def test_it_has_the_limit_of_the_realised_score(metric: str, value: float, more: Any) -> None:
    """On the rows of the holdout themselves, whose labels stand for those to come."""
    settings = PerformanceSettings(**{key: one for key, one in more.items() if key != "level"})
    level = Level(metric, more["level"], NOW) if "level" in more else None
    for base in (Score(metric, value, value - 0.06, value + 0.06, 300), None):
        by = EstimateCriteria(base, level, settings, 52)
        data = inputs(metric, BEFORE, BEFORE)
        estimated = estimate_window(default_estimate("binary"), data, WINDOW, 4000, by)
        realised = judge_performance(
            metric, WINDOW, BEFORE[1:], base, settings, None, TrackRecord(level)
        )
        assert realised.limit is not None
        assert estimated.limit == realised.limit
        assert estimated.limit >= no_skill_score(metric, BEFORE[1])


def test_no_loss_is_estimated_where_nothing_changed() -> None:
    found = judged(binary(2000, 1), margin=0.05)
    assert (found.status, found.outside < 0.02) == ("ok", True)
    assert judged(binary(2000, 1), margin=0.0).status == "falling"
    assert judged(binary(2000, 1), floor=0.95).status == "lost"
    assert judged(binary(2000, 1), Level("accuracy", 0.95, NOW)).status == "lost"


def test_an_estimate_below_the_limit_by_chance_is_falling_and_not_lost() -> None:
    now = binary(2000, 1)
    ok = judged(now)
    assert ok.score is not None
    assert ok.high is not None
    found = judged(now, floor=(ok.score + ok.high) / 2)
    assert (found.status, found.score) == ("falling", ok.score)
    assert found.sentence.startswith("A loss is estimated, but not proven: accuracy 0.")
    assert judged(now, floor=ok.score - (ok.high - ok.score) / 2).status == "unclear"


def test_rows_outside_the_holdout_are_said_and_not_guessed() -> None:
    found = judged(binary(1000, 1, shift=3.5))
    assert (found.status, found.score) == ("inconclusive", None)
    assert found.outside > 0.4
    assert "of the rows lie outside its holdout, 20% are allowed." in found.sentence


def test_share_of_rows_outside() -> None:
    before = pd.DataFrame({"x": [1.0, 2.0, float("nan")], "c": ["a", "b", None]})
    now = pd.DataFrame({"x": [0.5, 1.5, float("nan"), 1.0], "c": ["a", "z", None, "b"]})
    assert outside_share(before, now) == 0.5
    assert outside_share(before, now[["x"]]) == 1.0
    assert outside_share(before, before) == 0.0


def test_a_quantity_too_small_for_its_model_is_inconclusive() -> None:
    by = EstimateCriteria(None, None, PerformanceSettings(), 52)
    data = inputs("neg_mae", quantity(150, 0), quantity(300, 0))
    found = estimate_window(default_estimate("regression"), data, WINDOW, 300, by)
    assert found.status == "inconclusive"
    assert "150 rows" in found.sentence
