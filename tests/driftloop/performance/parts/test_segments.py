"""Performance by segments: a loss in a fifth of the rows is named, and chance is not."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from driftloop.base.findings import SegmentPerformance
from driftloop.base.scores import number
from driftloop.performance.bootstrap import resampled_scores
from driftloop.performance.evidence import level_of_look
from driftloop.performance.level import NO_RECORD, TrackRecord
from driftloop.performance.metrics import score
from driftloop.performance.parts.segment_rows import segments_of
from driftloop.performance.parts.segments import SHARE, ScoredRows, judge_segments
from driftloop.performance.realised import MATTERS, PerformanceSettings, judge_performance
from tests.driftloop.alerts.messages.message_records import WINDOW, monitor, performance

WEEKS = 365.25 / 7
SETTINGS = PerformanceSettings()
COLUMNS = ("region", "device")


def rows(
    rng: np.random.Generator, count: int, turned: float = 0.0
) -> tuple[ScoredRows, pd.DataFrame]:
    """Rows of a model with an AUC of 0.8; in the north the relation is turned where said."""
    table = pd.DataFrame(
        {
            "region": rng.choice(["north", "south", "east"], count, p=[0.2, 0.4, 0.4]),
            "device": rng.choice(["phone", "desk"], count),
        }
    )
    y = (rng.random(count) < 0.4).astype(int)
    said = y.copy()
    north = (table["region"] == "north").to_numpy() & (rng.random(count) < turned)
    said[north] = 1 - said[north]
    z = rng.normal(size=count) + 1.2 * said
    p = 1 / (1 + np.exp(-(z - 0.5)))
    return ScoredRows(y, np.column_stack([1 - p, p])), table


def judged(
    holdout: tuple[ScoredRows, pd.DataFrame],
    window: tuple[ScoredRows, pd.DataFrame],
    margin: float = 0.03,
    settings: PerformanceSettings = SETTINGS,
    record: TrackRecord = NO_RECORD,
) -> tuple[SegmentPerformance, ...]:
    segments = segments_of(holdout[1], window[1], COLUMNS, 100)
    return judge_segments("roc_auc", holdout[0], window[0], segments, settings, margin, record)


def test_a_relation_that_turns_in_a_fifth_of_the_rows_is_found_and_named() -> None:
    rng = np.random.default_rng(1)
    holdout, window = rows(rng, 5000), rows(rng, 1500, turned=0.6)
    found = {part.segment: part for part in judged(holdout, window)}
    assert set(found) == {
        "region=north",
        "region=south",
        "region=east",
        "device=phone",
        "device=desk",
    }
    north = found.pop("region=north")
    assert north.status == "fell"
    assert north.p_value < level_of_look(SHARE * SETTINGS.alarm_budget, WEEKS) / 5
    assert north.sentence == (
        f"ROC AUC {north.score:.3f} in region=north, {north.elsewhere:.3f} elsewhere; it was "
        f"{north.baseline:.3f} there on the holdout."
    )
    assert north.elsewhere is not None
    assert north.score < 0.6 < 0.75 < north.elsewhere
    assert found["region=south"].status == found["region=east"].status == "ok"
    whole = judge_performance("roc_auc", WINDOW, (window[0].y, window[0].p), None, SETTINGS)
    assert whole.score is not None
    before = score("roc_auc", holdout[0].y, holdout[0].p)
    assert before - whole.score < 0.12 < north.baseline - north.score, "the whole hardly moves"


def test_the_record_says_where_in_every_word() -> None:
    rng = np.random.default_rng(1)
    parts = judged(rows(rng, 5000), rows(rng, 1500, turned=0.6))
    record = monitor(performance=replace(performance(), segments=parts))
    assert record.headline == "predictions got worse in region=north"
    assert record.performance.worst == "fell"
    fell = replace(record.performance, status="fell")
    assert fell.worse_segments == (), "where the whole fell, no part is told beside it"


def test_a_loss_and_its_chance_by_hand() -> None:
    rng = np.random.default_rng(2)
    holdout, window = rows(rng, 4000), rows(rng, 1200, turned=0.3)
    north = next(part for part in judged(holdout, window) if part.segment == "region=north")
    sides = []
    for side, table in (holdout, window):
        own = side.rows((table["region"] == "north").to_numpy())
        positives, negatives = own.p[own.y == 1, 1], own.p[own.y == 0, 1]
        wins = (positives[:, None] > negatives).mean(1), (positives > negatives[:, None]).mean(1)
        error = sum(np.var(part, ddof=1) / len(part) for part in wins)  # DeLong
        sides.append((float(wins[0].mean()), error, min(len(part) for part in wins)))
    (before, one, few), (now, two, fewer) = sides
    assert (north.baseline, north.score) == (pytest.approx(before), pytest.approx(now))
    beyond = (before - now - 0.03) / math.sqrt(one + two)
    expected = float(student.sf(beyond, min(few, fewer) - 1))
    assert math.log(north.p_value) == pytest.approx(math.log(expected), abs=0.8)


def test_the_errors_of_segments_are_not_those_of_one_resample() -> None:
    side, _ = rows(np.random.default_rng(3), 600)
    (drawn,) = resampled_scores("roc_auc", side.y, ((side.p, None),), 200, 0)
    assert 0.01 < np.std(drawn) < 0.03


@pytest.mark.slow
def test_chance_alarms_no_more_often_than_its_level() -> None:
    """At a level of 5 % for the window and a margin of zero, over five overlapping segments."""
    settings = PerformanceSettings(alarm_budget=0.05 / SHARE)
    alarms = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        parts = judged(
            rows(rng, 3000), rows(rng, 1000), 0.0, settings, TrackRecord(windows_a_year=1.0)
        )
        alarms += any(part.status == "fell" for part in parts)
    assert alarms <= 15, "P(X > 15) is 0.5 % for 150 windows at 5 %"


def north_of(parts: tuple[SegmentPerformance, ...]) -> SegmentPerformance:
    return next(part for part in parts if part.segment == "region=north")


def test_windows_add_up_within_a_segment() -> None:
    rng = np.random.default_rng(6)
    holdout = rows(rng, 5000)
    runs = [rows(rng, 800, turned=0.15) for _ in range(9)]
    record, found, alone = TrackRecord(), [], []
    for window in runs:
        parts = judged(holdout, window, record=record)
        found.append(north_of(parts))
        alone.append(north_of(judged(holdout, window)))
        record = record.after(replace(performance(), segments=parts))
    assert found[0] == alone[0]
    last = found[-1]
    assert [part.status for part in alone].count("ok") > 4
    assert (last.status, last.windows) == ("fell", 9)
    pooled = np.average([one.score for one in found], weights=[one.rows for one in found])
    assert f" ({number(float(pooled))} over 9 windows) in region=north" in last.sentence


def test_a_segment_closes_on_proof_of_recovery_and_not_on_an_unclear_window() -> None:
    """0.80 on the holdout, a margin of 0.03: a standard error of 0.04 proves nothing about 0.77.

    Once it has recovered what was lost before is no evidence of anything.
    """
    rng = np.random.default_rng(13)
    holdout = rows(rng, 20_000)
    lost = judged(holdout, rows(rng, 1500, turned=0.6))
    assert north_of(lost).status == "fell"
    record = TrackRecord().after(replace(performance(), segments=lost))
    unclear = judged(holdout, rows(rng, 700), record=record)
    north = north_of(unclear)
    assert north.score > north.baseline - MATTERS * 0.03, "shows no loss"
    assert north_of(judged(holdout, rows(rng, 700))).status == "ok", "nor would another one alone"
    assert north.status == "falling"
    assert north.sentence.endswith("on the holdout; a recovery is not proven yet.")
    record = record.after(replace(performance(), segments=unclear))
    sure = judged(holdout, rows(rng, 20_000), record=record)
    assert north_of(sure).status == "ok"
    record = record.after(replace(performance(), segments=sure))
    after = north_of(judged(holdout, rows(rng, 1500), record=record))
    assert (after.status, after.windows) == ("ok", 1)


@pytest.mark.slow
def test_chance_alarms_no_more_often_over_years_of_pooled_windows() -> None:
    """8 years of 12 windows: at 2 warnings a year for segments 16 are expected at most."""
    settings, alarms = PerformanceSettings(warning_budget=2 / SHARE), 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        holdout, record, open_ = rows(rng, 3000), TrackRecord(windows_a_year=12), set[str]()
        for _ in range(12):
            parts = judged(holdout, rows(rng, 600), 0.0, settings, record)
            now = {part.segment for part in parts if part.status != "ok"}
            alarms += bool(now - open_)
            open_ = now
            record = record.after(replace(performance(), segments=parts))
    assert alarms <= 16


def test_segments_of_one_class_are_left_out() -> None:
    holdout, window = (rows(np.random.default_rng(seed), 1500) for seed in (4, 5))
    window[0].y[(window[1]["region"] == "north").to_numpy()] = 0
    assert "region=north" not in {part.segment for part in judged(holdout, window)}
