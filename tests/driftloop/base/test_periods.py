from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.base.errors import DataError
from driftloop.base.periods import (
    UNITS,
    Span,
    Window,
    every_span,
    floor_to,
    format_time,
    naive,
    parse_span,
    parse_time,
    split_window,
)
from driftloop.snapshots.time_column import period_starts
from tests.driftloop.cases import utc

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))
SPANS = st.builds(Span, st.integers(1, 40), st.sampled_from(UNITS))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7 days", Span(7, "day")),
        ("1 month", Span(1, "month")),
        ("week", Span(1, "week")),
        (" 90Minutes ", Span(90, "minute")),
        ("0 days", Span(0, "day")),
        (Span(2, "year"), Span(2, "year")),
    ],
)
def test_span_is_read(text: object, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "7", "1.5 days", "-1 day", "days 7", "7 fortnights", "7 days ago", None, 7, True]
)
def test_what_is_no_span_is_refused_with_the_units(text: object) -> None:
    with pytest.raises(ValueError, match=r"is not a duration.*'7 days'.*minute.*year") as error:
        parse_span(text)
    assert repr(text) in str(error.value)
    assert "\n" not in str(error.value)


def test_span_too_long_for_the_calendar_is_refused() -> None:
    """Otherwise the first run fails with a bare 'year -7973 is out of range'."""
    with pytest.raises(ValueError, match=r"not a duration|too long|at most"):
        parse_span("9999 years")


@given(SPANS)
def test_span_survives_its_text(span: Span) -> None:
    assert parse_span(str(span)) == span


@pytest.mark.parametrize(
    ("moment", "span", "before"),
    [
        (utc(2026, 3, 31), Span(1, "month"), utc(2026, 2, 28)),
        (utc(2024, 3, 31), Span(1, "month"), utc(2024, 2, 29)),
        (utc(2024, 2, 29), Span(1, "year"), utc(2023, 2, 28)),
        (utc(2026, 1, 15, 6), Span(1, "month"), utc(2025, 12, 15, 6)),
        (utc(2026, 3, 2), Span(1, "week"), utc(2026, 2, 23)),
        (utc(2026, 3, 29, 12), Span(1, "day"), utc(2026, 3, 28, 12)),
    ],
)
def test_calendar_arithmetic(moment: datetime, span: Span, before: datetime) -> None:
    assert span.before(moment) == before


@given(MOMENTS, SPANS)
def test_before_and_after_stay_within_the_length_of_a_unit(moment: datetime, span: Span) -> None:
    length = (span.after(moment) - moment).total_seconds() / 86400
    assert length == pytest.approx(span.days, rel=0.04, abs=3 if span.unit == "month" else 1.1)
    assert span.before(moment) < moment < span.after(moment)


@given(MOMENTS, st.sampled_from(UNITS))
def test_floor_is_a_round_moment_at_or_before(moment: datetime, unit: str) -> None:
    floored = floor_to(moment, Span(1, unit))  # type: ignore[arg-type]
    most = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
    assert timedelta(0) <= moment - floored < most.get(unit, timedelta(days=1))
    assert floor_to(floored, Span(1, unit)) == floored  # type: ignore[arg-type]


def test_floor_is_in_utc() -> None:
    late = datetime(2026, 3, 9, 1, tzinfo=timezone(timedelta(hours=2)))
    assert floor_to(late, Span(1, "week")) == utc(2026, 3, 8)


@given(MOMENTS, st.integers(1, 400), SPANS.filter(lambda span: span.days >= 0.5))
def test_split_tiles_the_window_newest_first(moment: datetime, days: int, span: Span) -> None:
    whole = Window(moment, moment + timedelta(days=days))
    parts = list(split_window(whole, span))
    assert parts[0].end == whole.end
    assert parts[-1].start == whole.start
    assert all(newer.start == older.end for newer, older in pairwise(parts))
    assert all(part.start == span.before(part.end) for part in parts[:-1])


def test_split_by_nothing_is_refused_and_does_not_hang() -> None:
    parts = split_window(Window(utc(2026, 1, 1), utc(2026, 1, 3)), Span(0, "day"))
    with pytest.raises(ValueError, match="0 day"):
        [next(parts) for _ in range(5)]


def test_window_is_half_open() -> None:
    window = Window(utc(2026, 3, 2), utc(2026, 3, 9))
    assert window.start in window
    assert window.end not in window
    assert window.overlaps(Window(utc(2026, 3, 8), utc(2026, 4, 1)))
    assert not window.overlaps(Window(utc(2026, 3, 9), utc(2026, 4, 1)))
    assert not Window(utc(2026, 3, 9), utc(2026, 4, 1)).overlaps(window)
    assert str(window) == "2026-03-02 to 2026-03-09"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-02", utc(2026, 3, 2)),
        ("2026-03-02T06:00:00", utc(2026, 3, 2, 6)),
        ("2026-03-02T06:00:00+02:00", utc(2026, 3, 2, 4)),
        ("2026-03-02T06:00:00Z", utc(2026, 3, 2, 6)),
        (datetime(2026, 3, 2), utc(2026, 3, 2)),
        (datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))), utc(2026, 3, 1, 23)),
    ],
)
def test_time_is_read_as_utc(value: object, moment: datetime) -> None:
    assert parse_time(value) == moment
    assert parse_time(value).tzinfo == UTC
    assert naive(value) == moment.replace(tzinfo=None)


@pytest.mark.parametrize("value", ["yesterday", "02.03.2026", "2026-02-30", "", None, 5])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(DataError, match="is not a valid date; write it as 2026-03-02"):
        parse_time(value)


def test_a_moment_of_prefect_keeps_its_zone_in_sums() -> None:
    """A scheduled run gets its time from Prefect, whose type may forget the zone."""
    from prefect.types._datetime import now

    moment = parse_time(now("UTC"))
    assert type(moment) is datetime
    assert (moment - timedelta(days=7)).tzinfo == UTC


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (utc(2026, 3, 2), "2026-03-02"),
        (utc(2026, 3, 2, 6), "2026-03-02 06:00"),
        (datetime(2026, 3, 2, 2, tzinfo=timezone(timedelta(hours=2))), "2026-03-02"),
    ],
)
def test_readable(moment: datetime, text: str) -> None:
    assert format_time(moment) == text


def test_a_quarter_is_three_months_and_starts_with_january_april_july_and_october() -> None:
    assert every_span("quarter") == Span(3, "month")
    assert every_span("quarter", 2) == Span(6, "month")
    assert every_span("year") == Span(1, "year")
    days = np.array(["2026-01-01", "2026-03-31", "2026-04-01", "1969-12-31"], dtype="datetime64[D]")
    quarters = ["2026-01-01", "2026-01-01", "2026-04-01", "1969-10-01"]
    assert period_starts(days, "quarter").astype(str).tolist() == quarters
    years = ["2026-01-01", "2026-01-01", "2026-01-01", "1969-01-01"]
    assert period_starts(days, "year").astype(str).tolist() == years
