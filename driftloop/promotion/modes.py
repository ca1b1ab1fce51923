"""What becomes of a challenger that won, and how a new champion is watched afterwards.

Each mode is its settings and one method, ``course(as_of)``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from driftloop.base.periods import LengthField, Span
from driftloop.base.settings import Settings

Step = Literal["promote", "ask", "shadow", "report"]


@dataclass(frozen=True, slots=True)
class Course:
    """What happens next to a challenger that won.

    ``promote`` it; ``ask`` a person until a deadline; ``shadow`` it for a number of labelled
    windows; ``report`` that it would have been promoted.
    """

    step: Step
    until: datetime | None = None
    windows: int = 0
    confidence: float = 0.95


class Auto(Settings):
    """A challenger that won becomes champion at once. The default."""

    kind: Literal["auto"] = "auto"

    def course(self, as_of: datetime) -> Course:
        """Return that it is promoted."""
        return Course("promote")


class Approval(Settings):
    """A person says yes or no, in the Prefect UI or on the command line.

    Where nobody answers by the deadline, the champion stays.
    """

    kind: Literal["approval"] = "approval"
    deadline: LengthField = Field(
        default=Span(3, "day"), description="How long an answer is waited for."
    )

    def course(self, as_of: datetime) -> Course:
        """Return until when a person is asked."""
        return Course("ask", until=self.deadline.after(as_of))


class Shadow(Settings):
    """The challenger is scored beside the champion on the next labelled windows.

    A sequential test over these windows promotes it where it is proven better, and drops it where
    it is proven worse or nothing is proven by the last one.
    """

    kind: Literal["shadow"] = "shadow"
    windows: int = Field(default=4, ge=1, le=52, description="Labelled windows at most.")
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all windows together."
    )

    def course(self, as_of: datetime) -> Course:
        """Return for how many windows both are scored."""
        return Course("shadow", windows=self.windows, confidence=self.confidence)


class Never(Settings):
    """Nothing is promoted: who reads the report decides, and promotes by hand."""

    kind: Literal["never"] = "never"

    def course(self, as_of: datetime) -> Course:
        """Return that it is reported."""
        return Course("report")


PromotionMode = Annotated[Auto | Approval | Shadow | Never, Field(discriminator="kind")]


class ProbationSettings(Settings):
    """How a new champion is watched against its predecessor, and rolled back if proven worse."""

    windows: int = Field(
        default=4, ge=0, le=52, description="Labelled windows it is watched for; 0 watches none."
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Two-sided confidence over all windows together."
    )


class PromotionSettings(Settings):
    """How a challenger that won is promoted."""

    mode: PromotionMode = Field(
        default=Auto(), description="What happens to a challenger that won."
    )
    probation: ProbationSettings = Field(
        default=ProbationSettings(), description="How a new champion is watched."
    )
