"""Spans of time and windows of a time column. All times are UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from dateutil.relativedelta import relativedelta
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from driftloop.base.errors import DataError

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
UNITS: tuple[Unit, ...] = ("minute", "hour", "day", "week", "month", "year")
_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375}
_LONGEST = 36525.0
_PATTERN = re.compile(r"^(?:(\d+)\s*)?(minute|hour|day|week|month|year)s?$")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in calendar units, such as 4 weeks or 1 month."""

    count: int
    unit: Unit

    @property
    def delta(self) -> relativedelta:
        """The span as a calendar-aware offset."""
        return relativedelta(**{f"{self.unit}s": self.count})  # type: ignore[arg-type]

    @property
    def days(self) -> float:
        """Approximate length in days; a month counts 30.44."""
        return self.count * _DAYS.get(self.unit, 365.25)

    def before(self, moment: datetime) -> datetime:
        """Return the moment one span earlier."""
        return moment - self.delta

    def after(self, moment: datetime) -> datetime:
        """Return the moment one span later."""
        return moment + self.delta

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def parse_span(value: object) -> Span:
    """Return the span that is written as ``"7 days"``, ``"1 month"`` or ``"week"``.

    Raises:
        ValueError: if the text is not a number and a unit.
    """
    if isinstance(value, Span):
        return value
    match = _PATTERN.match(str(value).strip().lower())
    if match is None:
        raise ValueError(
            f"{value!r} is not a duration; write a whole number and a unit, such as '7 days' "
            f"or '1 month' (units: {', '.join(UNITS)})"
        )
    span = Span(int(match[1] or 1), match[2])  # type: ignore[arg-type]
    if span.days > _LONGEST:
        raise ValueError(f"{value!r} is too long; at most 100 years")
    return span


def _not_zero(span: Span) -> Span:
    if span.count == 0:
        raise ValueError(f"'{span}' is not a valid length of a window; write 1 or more")
    return span


SpanField = Annotated[
    Span,
    BeforeValidator(parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN.pattern, "examples": ["7 days"]}),
]


LengthField = Annotated[SpanField, AfterValidator(_not_zero)]
"""A span that is longer than zero."""


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span ``[start, end)`` of a time column, in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, other: "Window") -> bool:
        """Return whether the two windows share any moment."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{format_time(self.start)} to {format_time(self.end)}"


ALL_TIME = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""The window of rows that have no times."""


def parse_time(value: object) -> datetime:
    """Return a date or time as an aware UTC datetime; a time without a zone is taken as UTC.

    Raises:
        DataError: if the value is not an ISO date or time.
    """
    if isinstance(value, datetime):
        # Prefect's own type loses the zone in sums: a moment is a plain one from here on.
        moment = datetime.combine(value, value.timetz())
    else:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise DataError(
                f"{value!r} is not a valid date; write it as 2026-03-02 or "
                "2026-03-02T06:00:00+00:00"
            ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Return ``2026-03-02`` at midnight, ``2026-03-02 06:00`` otherwise (UTC)."""
    utc = moment.astimezone(UTC)
    midnight = utc.timetz().replace(tzinfo=None) == datetime.min.time()
    return f"{utc:%Y-%m-%d}" if midnight else f"{utc:%Y-%m-%d %H:%M}"


def floor_to(moment: datetime, span: Span) -> datetime:
    """Floor to the day, or to the hour or minute for spans shorter than a day.

    A run that starts late then judges the same window as one that started on time.
    """
    utc = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if span.unit == "minute":
        return utc
    return utc.replace(minute=0) if span.unit == "hour" else utc.replace(hour=0, minute=0)


def split_window(window: Window, span: Span) -> Iterator[Window]:
    """Yield consecutive windows of length `span`, the newest one ending where `window` ends."""
    _not_zero(span)
    end = window.end
    while end > window.start:
        start = max(span.before(end), window.start)
        yield Window(start, end)
        end = start


def naive(moment: Any) -> datetime:
    """Return the UTC time without its zone, as time columns are held in memory."""
    return parse_time(moment).replace(tzinfo=None)


Every = Literal["day", "week", "month", "quarter", "year"]
"""How often a batch is written and a window judged."""


def every_span(every: Every, count: int = 1) -> Span:
    """Return the length of some periods; a quarter is three months."""
    return Span(3 * count, "month") if every == "quarter" else Span(count, every)
