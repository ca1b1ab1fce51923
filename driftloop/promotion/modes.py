"""Promotion modes: what happens to a challenger that won, and the probation of a new champion.

Each mode is its settings and one method, ``next_step(as_of)``. A new subclass of `PromotionMode`
above the line ``AnyPromotionMode`` is a new kind.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from driftloop.base.periods import LengthField, Span
from driftloop.base.settings import Settings, any_of

Step = Literal["promote", "ask", "shadow", "report"]


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step with a challenger that won.

    ``promote`` it; ``ask`` a person until a deadline; ``shadow`` it for a number of labelled
    windows; ``report`` that it would have been promoted.
    """

    step: Step
    until: datetime | None = None
    windows: int = 0
    confidence: float = 0.95


class PromotionMode(Settings):
    """What happens to a challenger that won."""

    kind: str

    @abstractmethod
    def next_step(self, as_of: datetime) -> NextStep:
        """Return the next step with a challenger that won at `as_of`."""


class Auto(PromotionMode):
    """A challenger that won becomes champion at once. The default."""

    kind: Literal["auto"] = "auto"

    def next_step(self, as_of: datetime) -> NextStep:
        """Return that it is promoted."""
        return NextStep("promote")


class Approval(PromotionMode):
    """A person says yes or no, in the Prefect UI or on the command line.

    If nobody answers by the deadline, the champion stays.
    """

    kind: Literal["approval"] = "approval"
    deadline: LengthField = Field(
        default=Span(3, "day"), description="How long to wait for an answer."
    )

    def next_step(self, as_of: datetime) -> NextStep:
        """Return until when a person is asked."""
        return NextStep("ask", until=self.deadline.after(as_of))


class Shadow(PromotionMode):
    """The challenger is scored beside the champion on the next labelled windows.

    A sequential test over these windows promotes it once it is proven better, and drops it once it
    is proven worse or nothing is proven by the last one.
    """

    kind: Literal["shadow"] = "shadow"
    windows: int = Field(default=4, ge=1, le=52, description="Most labelled windows.")
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all windows together."
    )

    def next_step(self, as_of: datetime) -> NextStep:
        """Return for how many windows both are scored."""
        return NextStep("shadow", windows=self.windows, confidence=self.confidence)


class Never(PromotionMode):
    """Nothing is promoted: a reader of the report decides and promotes by hand."""

    kind: Literal["never"] = "never"

    def next_step(self, as_of: datetime) -> NextStep:
        """Return that it is reported."""
        return NextStep("report")


if TYPE_CHECKING:
    AnyPromotionMode = PromotionMode
else:
    AnyPromotionMode = any_of(PromotionMode)


class ProbationSettings(Settings):
    """How a new champion is compared with its predecessor, and rolled back if proven worse."""

    windows: int = Field(
        default=4, ge=0, le=52, description="Labelled windows of probation; 0 turns it off."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all windows together."
    )


class PromotionSettings(Settings):
    """How a challenger that won is promoted."""

    mode: AnyPromotionMode = Field(
        default=Auto(), description="What happens to a challenger that won."
    )
    probation: ProbationSettings = Field(
        default=ProbationSettings(),
        description="How a new champion is compared with its predecessor.",
    )
