"""The plan of a training: its candidate windows, the rows to train on, and those to compare on."""

from dataclasses import dataclass

from driftloop.base.data_slices import DataSlice
from driftloop.base.periods import Span, Window


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
