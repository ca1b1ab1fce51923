"""Record of a retraining: its plan, and what was trained, compared and promoted, or why nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, computed_field

from driftloop.base.data_slices import DataSlice
from driftloop.base.periods import Span, Window
from driftloop.base.scores import Comparison, GateResult, HoldoutScores, Score
from driftloop.base.serialize import UNPRINTED


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The validation score of one candidate training window, and how fast its rows lose weight."""

    candidate: str
    window: Window
    rows: int
    score: float | None
    sentence: str
    half_life: Span | None = None


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Which rows a challenger is trained on and which frozen rows it is compared on.

    With `refit` what serves is trained on both, after the comparison. With a `half_life` rows count
    half as much for each of it that they are older than the newest ones.
    """

    training: DataSlice
    holdout: DataSlice
    candidates: tuple[WindowScore, ...]
    sentence: str
    refit: bool = False
    half_life: Span | None = None

    @property
    def serving(self) -> DataSlice:
        """The rows that what serves is trained on."""
        if not self.refit:
            return self.training
        excluded = tuple(dict.fromkeys((*self.training.excluded, *self.holdout.excluded)))
        window = Window(self.training.window.start, self.holdout.window.end)
        rows = (self.training.rows or 0) + (self.holdout.rows or 0)
        return DataSlice(self.training.snapshot, window, excluded, rows)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a challenger could not be trained or compared; the champion stays."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered model version, with the coordinates of the data it was trained on."""

    model: str
    version: str
    run_id: str
    training: DataSlice | None
    holdout: Window | None
    baseline: Score | None
    promoted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that serves."""

    version: str | None


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether the champion alias moved, from which version to which, and why or why not."""

    promoted: bool
    version: str
    previous: str | None
    sentence: str
    waits_for: Literal["approval", "shadow"] | None = None

    @property
    def champion(self) -> Champion:
        """The version that serves afterwards."""
        return Champion(self.version if self.promoted else self.previous)


ROUTINE = "By the calendar: nothing is wrong."
"""What the reason of a retraining ends with that only the calendar asked for."""


@dataclass(frozen=True, slots=True)
class RetrainOutcome:
    """Result of a retraining as a monitoring run reports it.

    `challenger` is None where none could be trained.
    """

    reason: str
    challenger: Annotated[str | None, Field(description="The version trained, if one was.")]
    run_id: Annotated[str | None, UNPRINTED]
    parameters: Annotated[dict[str, Any], UNPRINTED]
    plan: Annotated[TrainingPlan | None, UNPRINTED]
    comparison: Annotated[Comparison | None, UNPRINTED]
    promotion: Annotated[Promotion | None, UNPRINTED]
    sentence: str

    @property
    def routine(self) -> bool:
        """Whether the calendar asked for it while nothing was wrong."""
        return self.reason.endswith(ROUTINE)

    @computed_field
    @property
    def won(self) -> bool:
        """Whether the challenger proved better and passed every gate."""
        return self.comparison is not None and self.comparison.won

    @computed_field
    @property
    def scores(self) -> HoldoutScores:
        """Scores of both models on the holdout."""
        return self.comparison.scores if self.comparison else HoldoutScores()

    @computed_field
    @property
    def gates(self) -> tuple[GateResult, ...]:
        """Results of the promotion gates."""
        return self.comparison.gates if self.comparison else ()

    @computed_field
    @property
    def promoted_version(self) -> str | None:
        """The version that became champion, if one did."""
        return self.promotion.version if self.promotion and self.promotion.promoted else None

    @computed_field
    @property
    def waits_for(self) -> Literal["approval", "shadow"] | None:
        """What a challenger that won waits for before it is promoted."""
        return self.promotion.waits_for if self.promotion else None

    @computed_field
    @property
    def training(self) -> Window | None:
        """The window trained on."""
        return self.plan.training.window if self.plan else None

    @computed_field
    @property
    def holdout(self) -> Window | None:
        """The window compared on."""
        return self.plan.holdout.window if self.plan else None

    @computed_field
    @property
    def labelled_rows(self) -> int | None:
        """Rows trained on, all of them labelled."""
        return self.plan.training.rows if self.plan else None

    @computed_field
    @property
    def refitted(self) -> Window | None:
        """The window, with the holdout, that what serves was trained on after it was compared."""
        return self.plan.serving.window if self.plan and self.plan.refit else None


@dataclass(frozen=True, slots=True)
class RetrainRecord(RetrainOutcome):
    """The record of one retraining; ``driftloop retrain --json`` and ``bootstrap --json``."""

    model: str
    as_of: datetime
    rev: str

    @computed_field
    @property
    def champion(self) -> Champion:
        """The version that serves after the run."""
        return self.promotion.champion if self.promotion else Champion(None)
