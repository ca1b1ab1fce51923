"""Windows: the one to judge, the reference to compare it with, and candidates to train on.

A new subclass of `Reference` or `TrainingWindow`, above the ``Any…`` of its family, is a new kind.
"""

from abc import abstractmethod
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from driftloop.base.errors import ConfigError
from driftloop.base.periods import LengthField, Span, Window, floor_to, format_time, parse_time
from driftloop.base.settings import Settings, any_of

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class Reference(Settings):
    """The rows that the current window is compared with."""

    kind: str

    @abstractmethod
    def window(self, current: Window, training: Window) -> Window:
        """Return the reference of a current window and the champion's training window.

        Raises `ConfigError` where they cannot be compared.
        """

    def left_out(self, current: Window) -> tuple[Window, ...]:
        """Return the parts of the reference that do not belong to it."""
        return ()


class ChampionReference(Reference):
    """The rows the champion was trained on, read from the model version. The default."""

    kind: Literal["champion"] = "champion"

    def window(self, current: Window, training: Window) -> Window:
        """Return the champion's training window."""
        return training


class FixedReference(Reference):
    """A window that never moves, whichever model is champion."""

    kind: Literal["fixed"] = "fixed"
    start: datetime = Field(description="First moment of the reference.")
    end: datetime = Field(description="First moment after the reference.")

    @field_validator("start", "end", mode="before")
    @classmethod
    def _is_a_date(cls, value: object) -> object:
        if isinstance(value, int | float):
            raise ValueError(f"write it as 2026-03-02, received {value}")
        return value

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if parse_time(self.start) >= parse_time(self.end):
            raise ValueError(f"start {self.start:%Y-%m-%d} is not before end {self.end:%Y-%m-%d}")
        return self

    def window(self, current: Window, training: Window) -> Window:
        """Return the configured window."""
        fixed = Window(parse_time(self.start), parse_time(self.end))
        if fixed.end > current.start:
            holds = "holds rows of" if fixed.overlaps(current) else "lies after"
            raise ConfigError(
                f"windows.reference: the fixed reference {fixed} {holds} the current window "
                f"{current}; end it by {format_time(current.start)}, or judge a later window"
            )
        return fixed


class SeasonReference(Reference):
    """The same part of earlier years, weeks or days, so that a season does not count as drift."""

    kind: Literal["season"] = "season"
    cycle: Literal["day", "week", "year"] = Field(
        default="year", description="What repeats itself."
    )
    cycles: int = Field(default=10, ge=1, le=100, description="How many earlier ones count.")
    around: int = Field(
        default=0,
        ge=0,
        le=20,
        description="Windows before and after the same part that count, too, in each of them.",
    )

    def window(self, current: Window, training: Window) -> Window:
        """Return the span from the first to the last of the same parts."""
        parts = self._parts(current)
        return Window(parts[0].start, parts[-1].end)

    def left_out(self, current: Window) -> tuple[Window, ...]:
        """Return what lies between the same parts."""
        parts = self._parts(current)
        between = [Window(part.end, later.start) for part, later in pairwise(parts)]
        return tuple(gap for gap in between if gap.start < gap.end)

    def _parts(self, current: Window) -> list[Window]:
        """Return the same parts of earlier cycles, the oldest first, all before the window."""
        wider = self.around * (current.end - current.start)
        parts = []
        for number in range(self.cycles, 0, -1):
            back = Span(number, self.cycle)
            start, end = back.before(current.start) - wider, back.before(current.end) + wider
            parts.append(Window(start, min(end, current.start)))
        return parts


class RollingReference(Reference):
    """The period just before the current window: finds sudden changes, misses slow ones."""

    kind: Literal["rolling"] = "rolling"
    length: LengthField = Field(default=Span(8, "week"), description="Length of the reference.")

    def window(self, current: Window, training: Window) -> Window:
        """Return the span that ends where the current window starts."""
        return Window(self.length.before(current.start), current.start)


if TYPE_CHECKING:
    AnyReference = Reference
else:
    AnyReference = any_of(Reference)


class WindowSettings(Settings):
    """Which window is judged, and what it is compared with."""

    current: LengthField = Field(
        default=Span(1, "week"), description="Length of the window that a run judges."
    )
    reference: AnyReference = Field(
        default=ChampionReference(), description="What the current window is compared with."
    )

    def current_window(self, as_of: datetime) -> Window:
        """Return the window that ends at the start of the day (hour, minute) of `as_of`."""
        end = floor_to(as_of, self.current)
        return Window(self.current.before(end), end)

    def labelled_window(self, as_of: datetime, label_delay: Span) -> Window:
        """Return the newest window of the same length whose labels have all arrived."""
        end = label_delay.before(floor_to(as_of, self.current))
        return Window(self.current.before(end), end)


class TrainingWindow(Settings):
    """A candidate for the rows to train on; it ends where the holdout starts."""

    kind: str

    @abstractmethod
    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return the first moment to train on, or None where there is no candidate."""


class AllHistory(TrainingWindow):
    """All rows up to now: the most, and the slowest to forget."""

    kind: Literal["all"] = "all"

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return a moment before any data."""
        return EARLIEST


class SlidingWindow(TrainingWindow):
    """The newest rows, over a fixed length of time."""

    kind: Literal["sliding"] = "sliding"
    length: LengthField = Field(default=Span(8, "week"), description="Length of the window.")

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return the moment one length before the end."""
        return self.length.before(end)


class SinceChange(TrainingWindow):
    """Only rows after the detected change: the purest, and the fewest."""

    kind: Literal["since_change"] = "since_change"

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return where the change began; None, no candidate, where none was detected."""
        return changed


if TYPE_CHECKING:
    AnyTrainingWindow = TrainingWindow
else:
    AnyTrainingWindow = any_of(TrainingWindow)
DEFAULT_TRAINING_WINDOWS: tuple[TrainingWindow, ...] = (
    SinceChange(),
    AllHistory(),
    SlidingWindow(),
)
