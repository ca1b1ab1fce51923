"""The axes of a plot: where values lie on them, and the round values and times at their ticks."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Points = tuple[tuple[str, str], ...]
_MOST_TIMES = 7
_SIZES = (1.0, 2.0, 2.5, 5.0)
_DAY = 86_400
_TIME_STEPS = (
    *(("hour", hours, hours * 3600) for hours in (1, 3, 6, 12)),
    *(("day", days, days * _DAY) for days in (1, 2, 7, 14)),
    *(("month", months, months * 30 * _DAY) for months in (1, 2, 3, 6)),
    *(("year", years, years * 365 * _DAY) for years in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from the values `low` to `high` onto the places `begin` to `end`."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies; the middle on an axis of a single value."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        # Halves, because the difference of two finite numbers may be none.
        reach = high / 2 - low / 2
        share = (self._scaled(value) / 2 - low / 2) / reach if reach else 0.5
        return self.begin + share * (self.end - self.begin)

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value


def around(low: float, high: float, margin: float) -> tuple[float, float]:
    """Return ends with a margin, a share of the distance, and never the same ones."""
    reach = (high - low) * margin or abs(low) * margin or margin
    return low - reach, high + reach


def scaled(
    places: Sequence[float],
    values: Sequence[float],
    ends: tuple[float, float],
    box: tuple[float, float, float],
) -> Points:
    """Return the points of a line as texts; `ends` are the values at the bottom and the top.

    `box` is width, height and the margin on every side. Places are scaled to the whole width.
    """
    width, height, edge = box
    low, reach = ends[0], (ends[1] - ends[0]) or 1.0
    first, span = places[0], (places[-1] - places[0]) or 1.0
    return tuple(
        (
            f"{edge + (place - first) / span * (width - 2 * edge):.0f}",
            f"{height - edge - (value - low) / reach * (height - 2 * edge):.0f}",
        )
        for place, value in zip(places, values, strict=True)
    )


def round_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round values at equal distances between two ends, at most `most` + 1."""
    raw = (high - low) / most
    if not 0 < raw < math.inf:
        return (low,) if low == high else (low, high)
    power = 10.0 ** (math.floor(math.log10(raw)) - 1)
    for step in (power * size * tens for tens in (1, 10, 100) for size in _SIZES):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first <= most:
            return tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return ()


def tick_label(value: float) -> str:
    """Return a round value as the label of a tick."""
    return f"{value + 0.0:.6g}"


def round_times(begin: datetime, end: datetime) -> tuple[tuple[float, str], ...]:
    """Return at most seven round times between two moments, in seconds since 1970, labelled.

    The label of the first one has its year.
    """
    span = (end - begin).total_seconds()
    for unit, step, seconds in _TIME_STEPS:
        if span / seconds > _MOST_TIMES + 1:
            continue
        times = [time for time in _times(begin, unit, step, _MOST_TIMES + 2) if time <= end]
        if len(times) <= _MOST_TIMES:
            return tuple(
                (time.timestamp(), _label(time, unit, begins=place == 0))
                for place, time in enumerate(times)
            )
    return ()


def _times(begin: datetime, unit: str, step: int, most: int) -> Iterator[datetime]:
    """Yield the first moments from `begin` on that are round in a unit."""
    day = begin.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "hour":
        times = (day + timedelta(hours=step * number) for number in range(24 // step + most))
    elif unit == "day":
        first = day - timedelta(days=(day.toordinal() - 1) % step)  # two weeks begin on a Monday
        times = (first + timedelta(days=step * number) for number in range(most + 1))
    else:
        months = step * (12 if unit == "year" else 1)
        month = (day.year * 12 + day.month - 1) // months * months
        wanted = (month + months * number for number in range(most + 1))
        times = (
            datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC) for at in wanted if 12 <= at < 120_000
        )
    return (time for time in times if time >= begin)


def _label(time: datetime, unit: str, begins: bool) -> str:
    if unit == "year" or (unit == "month" and time.month == 1):
        return str(time.year)
    if unit == "month":
        words = f"{time:%b}"
    elif unit == "hour" and time.hour:
        return f"{time:%H:%M}"
    else:
        words = f"{time.day} {time:%b}"
    return f"{words} {time.year}" if begins else words
