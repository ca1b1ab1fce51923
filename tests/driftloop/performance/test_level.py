"""What the model once could is expected of later champions, for as long as is stated."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from driftloop.base.findings import LOST
from driftloop.base.periods import Span
from driftloop.base.scores import Level, Score
from driftloop.base.tags import PastRun, RunTags
from driftloop.performance.level import (
    doubt_of,
    earlier_scores,
    held_level,
    remembered_level,
    scores_of,
    track_record,
)
from driftloop.performance.realised import PerformanceSettings, judge_performance
from tests.driftloop.cases import WINDOW, utc
from tests.driftloop.performance.test_realised import scored

NOW, MONTHS = utc(2026, 6, 1), Span(6, "month")
BASE = Score("roc_auc", 0.8, 0.75, 0.85, 400)


def held(*scores: float, baseline: Score | None = BASE, known: Level | None = None) -> Level | None:
    return held_level(scores, baseline, known, ("roc_auc", NOW), 0.05)


def run(
    weeks: int, score: float | None, level: Level | None = None, champion: str = "1"
) -> PastRun:
    at = NOW - timedelta(weeks=weeks)
    return PastRun(
        "monitor", at, at, "ok", "none", False, "ok", champion, False,
        metric="roc_auc", score=score, level=level,
    )  # fmt: skip


def test_three_scores_in_a_row_are_held_and_a_lucky_week_is_not() -> None:
    assert held(0.78, 0.76, 0.8, 0.1) == Level("roc_auc", pytest.approx(0.78), NOW)
    assert held(0.99, 0.98, 0.97) == Level("roc_auc", 0.8, NOW), "no more than on its holdout"
    assert held(0.7) == Level("roc_auc", pytest.approx(0.75), NOW), "the holdout's is the first"
    assert held(0.7, baseline=None) is None
    assert held(0.7, 0.8, 0.6, baseline=None) == Level("roc_auc", pytest.approx(0.7), NOW)


def test_a_higher_level_stays_and_is_held_again_where_it_is_reached() -> None:
    before = Level("roc_auc", 0.82, NOW - timedelta(weeks=5))
    poor = Score("roc_auc", 0.17, 0.1, 0.2, 400)
    assert held(0.2, 0.15, 0.16, baseline=poor, known=before) == before
    assert held(0.8, 0.79, 0.81, known=before) == replace(before, at=NOW)


def test_a_level_is_forgotten_after_the_stated_time() -> None:
    known = Level("roc_auc", 0.82, utc(2026, 1, 5))
    history = (run(1, 0.2), run(2, 0.2, known), run(3, 0.8, Level("roc_auc", 0.9, NOW)))
    assert remembered_level(history, "roc_auc", NOW, MONTHS) == known, "the newest that knew one"
    assert remembered_level(history, "roc_auc", utc(2026, 7, 4), MONTHS) == known
    assert remembered_level(history, "roc_auc", utc(2026, 7, 5), MONTHS) is None
    assert remembered_level(history, "f1", NOW, MONTHS) is None
    assert remembered_level(history, "roc_auc", NOW, Span(0, "week")) is None


def test_scores_are_those_of_the_champions_present_time() -> None:
    lost = replace(run(2, None), kind="retrain")
    history = (run(1, 0.7), lost, run(3, None), run(4, 0.6), run(5, 0.9, champion="2"), run(6, 0.8))
    assert scores_of(history, "1", "roc_auc") == (0.7, 0.6)
    assert scores_of(history, "1", "f1") == ()


def test_a_bad_champion_is_never_ok_by_its_own_standard() -> None:
    """Twelve weeks at about 0.2 after 0.8 was held: each of them fell, and says why."""
    poor = Score("roc_auc", 0.2, 0.15, 0.25, 400)
    history: tuple[PastRun, ...] = (run(20, 0.8, Level("roc_auc", 0.8, NOW - timedelta(weeks=20))),)
    for week in range(19, 7, -1):
        moment: datetime = NOW - timedelta(weeks=week)
        known = remembered_level(history, "roc_auc", moment, MONTHS)
        labels = scored(0.6, seed=week)  # 0.66: better than guessing, and far below the level
        record = track_record(history, "7", "roc_auc", (moment, Span(1, "week")), known)
        found = judge_performance(
            "roc_auc", WINDOW, labels, poor, PerformanceSettings(margin=0.05), None, record
        )
        assert found.status in LOST
        assert "0.200 on its holdout, 0.800 was held before; the limit is 0.750" in found.sentence
        scores = (found.score or 0.0, *scores_of(history, "7", "roc_auc"))
        level = held_level(scores, poor, known, ("roc_auc", moment), 0.05)
        low, high, rows = found.low, found.high, found.rows
        now = replace(run(week, found.score, level, "7"), low=low, high=high, rows=rows)
        history = (replace(now, performance=found.status), *history)
    assert [past.performance for past in history[:8]] == ["fell"] * 8


def test_a_limit_is_never_below_no_skill() -> None:
    poor = Score("roc_auc", 0.3, 0.25, 0.35, 400)
    labels = scored(0.02, 4000)
    found = judge_performance("roc_auc", WINDOW, labels, poor, PerformanceSettings())
    assert found.limit == 0.5
    assert found.status == "unclear"
    assert ", 0.5 is guessing; the limit is 0.500." in found.sentence
    assert not found.skilled


def test_a_level_survives_the_registry() -> None:
    level = Level("roc_auc", float(np.float64(0.8123)), NOW)
    tags = RunTags(kind="monitor", key="k", as_of=NOW, level=level, score=0.7, metric="roc_auc")
    back = RunTags.from_tags(tags.to_tags()).past_run
    assert (back.level, back.score, back.metric) == (level, 0.7, "roc_auc")
    spoilt = {**tags.to_tags(), "driftloop.level": '{"value": "x"}'}
    assert RunTags.from_tags(spoilt).past_run.level is None


@pytest.mark.parametrize(
    ("score", "low", "doubted"),
    [(None, None, True), (0.58, 0.501, True), (0.55, 0.45, True), (0.7, 0.61, False)],
)
def test_a_lucky_window_takes_no_doubt_away(
    score: float | None, low: float | None, doubted: bool
) -> None:
    """By 3.3 standard errors: 0.7 - 0.5 is 4.3 of them, 0.58 - 0.5 is 2.0."""
    weak = Score("roc_auc", 0.52, 0.46, 0.58, 400, guessing=0.5)
    judged = judge_performance("roc_auc", WINDOW, scored(0.7), BASE, PerformanceSettings())
    now = replace(judged, score=score, low=low, guessing=0.5)
    found = doubt_of("1", weak, now)
    assert (found is not None) is doubted
    if found:
        assert found.startswith("Version 1: ROC AUC 0.520 [0.460, 0.580] is not proven better than")
    assert doubt_of("1", replace(weak, low=0.51), now) is None
    assert doubt_of("1", None, now) is None


def test_earlier_scores_are_those_of_windows_without_common_rows_whoever_served() -> None:
    def ran(days: float, score: float, champion: str = "1", **more: Any) -> PastRun:
        at = NOW - timedelta(days=days)
        made = PastRun(
            "monitor", at, at, "ok", "none", False, "fell", champion, False,
            metric="f1", score=score, low=score - 0.1, high=score + 0.1, rows=90,
        )  # fmt: skip
        return replace(made, **more)

    history = (
        ran(3, 0.1),
        ran(7, 0.2, "2"),
        ran(8, 0.3, "2"),
        ran(9, 0.4, kind="retrain"),
        ran(14, 0.5, metric="roc_auc"),
        ran(21, 0.6),
    )
    found = earlier_scores(history, "f1", (NOW, Span(1, "week")))
    assert [score.value for score in found] == [0.2, 0.6]
    assert found[0] == Score("f1", 0.2, 0.1, pytest.approx(0.3), 90)


def test_a_track_record_has_windows_without_common_rows_since_the_last_recovery() -> None:
    week = Span(1, "week")

    def ran(days: float, status: str, score: float = 0.8) -> PastRun:
        at = NOW - timedelta(days=days)
        return PastRun(
            "monitor", at, at, "ok", "none", False, status, "1", False,
            metric="roc_auc", score=score, low=score - 0.0625, high=score + 0.0625, rows=500,
        )  # fmt: skip

    history = (ran(3, "ok"), ran(7, "fell", 0.6), ran(8, "fell"), ran(14, "falling", 0.7))
    found = track_record(history, "1", "roc_auc", (NOW, week))
    assert [score.value for score in found.scores] == [0.6, 0.7]
    assert found.scores[0] == Score("roc_auc", 0.6, 0.5375, 0.6625, 500)
    assert (found.lost, found.windows_a_year) == (2, pytest.approx(52.18, abs=0.01))
    healed = (ran(7, "unclear"), ran(14, "ok"), ran(21, "fell", 0.6), ran(28, "ok"))
    found = track_record(healed, "1", "roc_auc", (NOW, week))
    assert ([score.value for score in found.scores], found.lost) == ([0.8, 0.8], 0)
    blind = replace(ran(14, "inconclusive"), score=None)
    found = track_record((ran(7, "ok"), blind, ran(21, "ok")), "1", "roc_auc", (NOW, week))
    assert len(found.scores) == 2
    assert track_record(healed, "2", "roc_auc", (NOW, week)).scores == ()
    assert track_record(healed, "1", "f1", (NOW, week)).scores == ()
