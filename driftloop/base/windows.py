"""Which rows: the window to judge, the reference to compare with, candidates to train on."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from driftloop.base.periods import LengthField, Span, Window, floor_to, parse_time
from driftloop.base.settings import Settings

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class ChampionReference(Settings):
    """The rows the champion was trained on, read from the model version. The default."""

    kind: Literal["champion"] = "champion"

    def window(self, current: Window, training: Window) -> Window:
        """Return the champion's training window."""
        return training


class FixedReference(Settings):
    """A window that never moves, whichever model is champion."""

    kind: Literal["fixed"] = "fixed"
    start: datetime = Field(description="First moment of the reference.")
    end: datetime = Field(description="First moment after the reference.")

    @field_validator("start", "end", mode="before")
    @classmethod
    def _is_written_as_date(cls, value: object) -> object:
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
        return Window(parse_time(self.start), parse_time(self.end))


class RollingReference(Settings):
    """The time just before the current window: finds sudden changes, misses slow ones."""

    kind: Literal["rolling"] = "rolling"
    length: LengthField = Field(default=Span(8, "week"), description="Length of the reference.")

    def window(self, current: Window, training: Window) -> Window:
        """Return the span that ends where the current window starts."""
        return Window(self.length.before(current.start), current.start)


Reference = Annotated[
    ChampionReference | FixedReference | RollingReference, Field(discriminator="kind")
]


class WindowSettings(Settings):
    """What is compared with what."""

    current: LengthField = Field(
        default=Span(1, "week"), description="Length of the window that a run judges."
    )
    reference: Reference = Field(
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


class AllHistory(Settings):
    """Everything up to now: the most rows, the slowest to forget."""

    kind: Literal["all"] = "all"

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return the earliest moment there is."""
        return EARLIEST


class SlidingWindow(Settings):
    """The newest span of a fixed length."""

    kind: Literal["sliding"] = "sliding"
    length: LengthField = Field(default=Span(8, "week"), description="Length of the window.")

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return the moment one length before the end."""
        return self.length.before(end)


class SinceChange(Settings):
    """Only what came after the detected change: the purest, and the fewest rows."""

    kind: Literal["since_change"] = "since_change"

    def start(self, end: datetime, changed: datetime | None) -> datetime | None:
        """Return where the drift began; None, no candidate, where none was detected."""
        return changed


TrainingWindow = Annotated[AllHistory | SlidingWindow | SinceChange, Field(discriminator="kind")]
DEFAULT_TRAINING_WINDOWS: tuple[TrainingWindow, ...] = (SinceChange(), AllHistory())
