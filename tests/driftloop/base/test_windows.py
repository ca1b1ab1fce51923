from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftloop.base.errors import ConfigError
from driftloop.base.periods import Span, Window
from driftloop.base.windows import (
    EARLIEST,
    AllHistory,
    ChampionReference,
    FixedReference,
    RollingReference,
    SeasonReference,
    SinceChange,
    SlidingWindow,
    WindowSettings,
)
from tests.driftloop.cases import WINDOW, utc

TRAINING = Window(utc(2025, 10, 1), utc(2026, 1, 1))


def test_current_window_ends_with_the_last_full_day() -> None:
    assert WindowSettings().current_window(utc(2026, 3, 9, 6, 30)) == WINDOW


@given(st.integers(0, 24 * 60 - 1))
def test_late_run_looks_at_the_same_window(minutes: int) -> None:
    as_of = utc(2026, 3, 9) + timedelta(minutes=minutes)
    assert WindowSettings().current_window(as_of) == WINDOW


def test_hourly_window_ends_with_the_last_full_hour() -> None:
    settings = WindowSettings(current=Span(6, "hour"))
    window = settings.current_window(utc(2026, 3, 9, 6, 30))
    assert window == Window(utc(2026, 3, 9, 0), utc(2026, 3, 9, 6))


@pytest.mark.parametrize(
    ("delay", "end"),
    [
        (Span(0, "day"), utc(2026, 3, 9)),
        (Span(7, "day"), utc(2026, 3, 2)),
        (Span(1, "month"), utc(2026, 2, 9)),
        (Span(6, "hour"), utc(2026, 3, 8, 18)),
    ],
)
def test_labelled_window_waits_for_labels(delay: Span, end: datetime) -> None:
    window = WindowSettings().labelled_window(utc(2026, 3, 9, 6), delay)
    assert window == Window(end - timedelta(days=7), end)


def test_references() -> None:
    assert ChampionReference().window(WINDOW, TRAINING) == TRAINING
    rolling = RollingReference(length=Span(8, "week")).window(WINDOW, TRAINING)
    assert rolling == Window(WINDOW.start - timedelta(weeks=8), WINDOW.start)
    assert not rolling.overlaps(WINDOW)
    fixed = FixedReference(start=datetime(2025, 1, 1), end=datetime(2025, 2, 1))
    assert fixed.window(WINDOW, TRAINING) == Window(utc(2025, 1, 1), utc(2025, 2, 1))


def test_fixed_reference_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"start|end"):
        FixedReference(start=utc(2025, 2, 1), end=utc(2025, 1, 1))


def test_window_of_no_length_is_refused() -> None:
    """An empty current window has nothing to judge, and splitting by it would never end."""
    with pytest.raises(ValidationError, match="current"):
        WindowSettings.model_validate({"current": "0 days"})


def test_candidates_to_train_on() -> None:
    end, changed = utc(2026, 3, 2), utc(2026, 2, 1)
    assert AllHistory().start(end, changed) == EARLIEST
    assert SlidingWindow(length=Span(4, "week")).start(end, changed) == utc(2026, 2, 2)
    assert SinceChange().start(end, changed) == changed
    assert SinceChange().start(end, None) is None


def test_a_fixed_reference_that_holds_or_follows_the_window_is_refused() -> None:
    fixed = FixedReference(start=datetime(2026, 1, 5), end=datetime(2026, 3, 3))
    with pytest.raises(ConfigError, match="holds rows of the current window 2026-03-02 to 2026-0"):
        fixed.window(WINDOW, TRAINING)
    later = FixedReference(start=datetime(2026, 4, 1), end=datetime(2026, 5, 1))
    with pytest.raises(ConfigError, match=r"lies after the current window .*end it by 2026-03-02"):
        later.window(WINDOW, TRAINING)
    ends = FixedReference(start=datetime(2026, 1, 5), end=datetime(2026, 3, 2))
    assert ends.window(WINDOW, TRAINING).end == WINDOW.start


def test_the_same_season_of_earlier_years_with_what_lies_between_left_out() -> None:
    quarter = Window(utc(2026, 1, 1), utc(2026, 4, 1))
    season = SeasonReference(cycles=3)
    assert season.window(quarter, TRAINING) == Window(utc(2023, 1, 1), utc(2025, 4, 1))
    assert season.left_out(quarter) == (
        Window(utc(2023, 4, 1), utc(2024, 1, 1)),
        Window(utc(2024, 4, 1), utc(2025, 1, 1)),
    )
    wider = SeasonReference(cycles=1, around=1)
    assert wider.window(WINDOW, TRAINING) == Window(utc(2025, 2, 23), utc(2025, 3, 16))
    assert wider.left_out(WINDOW) == ()


def test_weekdays_of_earlier_weeks_and_never_rows_of_the_window() -> None:
    monday = Window(utc(2026, 3, 9), utc(2026, 3, 10))
    same = SeasonReference(cycle="week", cycles=2)
    assert same.window(monday, TRAINING) == Window(utc(2026, 2, 23), utc(2026, 3, 3))
    assert same.left_out(monday) == (Window(utc(2026, 2, 24), utc(2026, 3, 2)),)
    daily = SeasonReference(cycle="day", cycles=2, around=1)
    assert daily.window(monday, TRAINING) == Window(utc(2026, 3, 6), monday.start)
    assert daily.left_out(monday) == ()
