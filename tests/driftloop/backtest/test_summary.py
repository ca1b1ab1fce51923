"""What a policy was worth: rates, episodes, delays, and the share of the gain it keeps."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from driftloop.backtest.injection import Injection
from driftloop.backtest.summary import (
    BaselineScores,
    Detection,
    Period,
    PolicyResult,
    common_periods,
    detections,
    first_alarm_after,
    is_alarm,
    mean_score,
    share_of_gain,
)
from driftloop.base.findings import Trouble
from driftloop.base.periods import Window
from driftloop.base.serialize import printed_json
from driftloop.reporting.backtest import injection_result, summary_sentence
from tests.driftloop.alerts.messages.message_records import check, drifted, monitor, performance
from tests.driftloop.cases import NOW, WEEK

NAN = float("nan")


def period(week: int, verdict: str = "ok", **changes: Any) -> Period:
    """The run at the end of a week, counted from 0; nothing was done unless said."""
    end = NOW + (week + 1) * WEEK
    made = Period(
        as_of=end,
        window=Window(end - WEEK, end),
        rows=100,
        verdict=verdict,
        troubles=(),
        action="none",
        held=None,
        alarm=False,
        retrained=False,
        promoted=None,
        rolled_back=False,
        served="1",
        score=0.8,
        headline="healthy",
        by_hand=False,
        since=None,
    )
    return replace(made, **changes)


def policy(*periods: Period) -> PolicyResult:
    return PolicyResult("payments", "roc_auc", periods, "1")


def test_counts_and_rates_a_year() -> None:
    weeks = [period(week) for week in range(20)]
    weeks[3] = period(3, alarm=True, retrained=True)
    weeks[4] = period(4, alarm=True, retrained=True, promoted="2")
    weeks[9] = period(9, promoted="3", score=0.9)
    found = policy(*weeks)
    assert (found.alarms, found.retrains, found.promotions) == (2, 2, 2)
    assert found.scores == (*[0.8] * 9, 0.9, *[0.8] * 10)
    assert found.per_year(found.alarms) == pytest.approx(2 / (140 / 365.25))
    assert policy(period(0)).per_year(1) == pytest.approx(365.25 / 7)


def test_detections_are_unbroken_rows_of_drift() -> None:
    day = timedelta(days=1)
    periods = (
        period(0, "drift", since=NOW + 2 * day, retrained=True),
        period(1, "inconclusive"),
        period(2, "drift", promoted="2"),
        period(3, "warning"),
        period(4, "drift", since=NOW + 3 * WEEK),
        period(5),
        period(6, "drift"),
    )
    first, slow, last = detections(periods)
    assert first == Detection(NOW + 2 * day, NOW + WEEK, 5.0, NOW + WEEK, NOW + 3 * WEEK)
    assert (slow.days, slow.retrained, slow.promoted) == (14.0, None, None)
    assert (last.began, last.found, last.days) == (NOW + 6 * WEEK, NOW + 7 * WEEK, 7.0)
    assert detections(periods[5:6]) == ()


def test_inconclusive_runs_begin_no_episode() -> None:
    assert detections((period(0, "inconclusive"), period(1))) == ()


def test_known_after_is_the_first_alarm_whose_window_reaches_past_the_onset() -> None:
    periods = [period(week, alarm=week in (1, 3)) for week in range(5)]
    assert first_alarm_after(periods, NOW + 2 * WEEK) == periods[3]
    assert first_alarm_after(periods, NOW + 2 * WEEK - timedelta(hours=1)) == periods[1]
    assert first_alarm_after(periods, NOW + 4 * WEEK) is None


@pytest.mark.parametrize(
    ("scores", "mean"), [((0.5, NAN, 0.7), 0.6), ((0.5,), 0.5), ((NAN, NAN), NAN), ((), NAN)]
)
def test_mean_score_leaves_out_what_is_undefined(scores: tuple[float, ...], mean: float) -> None:
    assert mean_score(scores) == pytest.approx(mean, nan_ok=True)


def test_common_keeps_periods_in_which_all_have_a_score() -> None:
    kept = common_periods((1.0, NAN, 3.0, 4.0), (5.0, 6.0, NAN, 8.0), (9.0, 10.0, 11.0, 12.0))
    assert kept == ([1.0, 4.0], [5.0, 8.0], [9.0, 12.0])
    assert common_periods((NAN,), (1.0,)) == ([], [])
    with pytest.raises(ValueError, match="zip"):
        common_periods((1.0,), (1.0, 2.0))


@pytest.mark.parametrize(
    ("loop", "frozen", "always", "kept"),
    [
        (0.9, 0.7, 0.9, 1.0),
        (0.8, 0.7, 0.9, 0.5),
        (0.7, 0.7, 0.9, 0.0),
        (0.6, 0.7, 0.9, -0.5),
        (0.8, 0.9, 0.9, NAN),
        (0.8, 0.9, 0.7, NAN),
        (0.8, NAN, 0.9, NAN),
    ],
)
def test_gain_kept(loop: float, frozen: float, always: float, kept: float) -> None:
    assert share_of_gain(loop, frozen, always) == pytest.approx(kept, nan_ok=True)


@pytest.mark.parametrize(
    ("record", "trouble"),
    [
        (monitor(), False),
        (drifted(), True),
        (monitor(quality=(check("amount", "broken"),)), True),
        (monitor(performance=performance("fell")), True),
        (monitor(troubles=(Trouble("label_shift", "moved"),)), True),
    ],
)
def test_an_alarm_is_trouble_that_people_were_told_of(record: Any, trouble: bool) -> None:
    assert is_alarm(record, True) is trouble
    assert is_alarm(record, False) is False


BASELINES = (
    BaselineScores("first model", (0.6, 0.6, 0.2), 0),
    BaselineScores("always retraining", (0.8, 0.8, NAN), 3),
)


def test_gain_is_printed_over_the_periods_that_all_share() -> None:
    stuck = period(2, held="losing_streak", by_hand=True, score=0.1)
    found = policy(period(0, score=0.7), period(1, score=0.8), stuck).with_gain(BASELINES)
    assert found.gain_kept == pytest.approx(0.75)
    assert found.mean_score == pytest.approx((0.7 + 0.8 + 0.1) / 3)
    assert found.persons == 1
    alone = json.loads(printed_json(policy(period(0, score=NAN)).with_gain(())))
    assert (alone["gain_kept"], alone["mean_score"], alone["persons"]) == (None, None, 0)
    assert alone["periods"][0]["score"] is None


def test_summary_tells_the_gain_only_where_there_is_one() -> None:
    periods = (period(0, score=0.7, alarm=True), period(1, score=0.8), period(2, score=0.9))
    told = summary_sentence(policy(*periods).with_gain(BASELINES), BASELINES)
    assert told == (
        "ROC AUC 0.800 with 0 retrainings and 0 promotions in 3 periods (first model 0.467, "
        "always retraining 0.800); 1 alarm, 17.4 per year. It keeps 75% of what always "
        "retraining gains."
    )
    assert "keeps" not in summary_sentence(policy(*periods), ())


def test_injected_drift_is_known_after_so_many_runs() -> None:
    put_in = Injection("shift", "amount", 0.5, NOW + 2 * WEEK)
    periods = [period(week) for week in range(6)]
    periods[1] = period(1, alarm=True, retrained=True)
    periods[3] = period(3, alarm=True)
    periods[4] = period(4, retrained=True, promoted="2")
    found = injection_result(put_in, policy(*periods))
    assert (found.known, found.days, found.periods) == (NOW + 4 * WEEK, 14.0, 2)
    assert found.retrained == found.promoted == NOW + 5 * WEEK
    never = injection_result(put_in, policy(*periods[:3]))
    assert (never.known, never.days, never.periods, never.promoted) == (None, None, None, None)
    assert not math.isnan(never.policy.mean_score)
