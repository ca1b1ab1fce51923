"""Options of `init`, and what driftloop infers from the file."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from driftloop.base.periods import Every, Span
from driftloop.base.scores import Task
from driftloop.base.serialize import UNPRINTED
from driftloop.training.served_columns import ServedColumns

Role = Literal["time", "label", "key", "prediction", "numeric", "categorical", "left out"]
Positive = int | float | str | None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A model that was trained elsewhere: where it is, and the columns that it reads.

    `until` is the end of its training data where the file holds them, `trusted` says that it may
    run code when it is loaded.
    """

    uri: str
    columns: tuple[str, ...]
    until: datetime | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """The answers a person gives; what is None is inferred.

    With `served` the file is a log of predictions. Where it is not `labelled`, the column of the
    label is added, empty, for labels to come. With `adopted` a model is there already. `notes` say
    what became of the file before it is read.
    """

    time: str
    label: str
    name: str | None = None
    drop: tuple[str, ...] = ()
    every: Every | None = None
    train_until: datetime | str | None = None
    positive: str | None = None
    key: str | None = None
    label_delay: Span | str = "0 days"
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    task: Task | None = None
    served: ServedColumns | None = None
    labelled: bool = True
    adopted: Adopted | None = None
    notes: tuple[str, ...] = ()

    @property
    def predictions(self) -> dict[str, str]:
        """The columns of what was served, by what they hold."""
        return self.served.model_dump(exclude_none=True) if self.served else {}

    @property
    def roles(self) -> tuple[str | None, ...]:
        """The columns that are not features."""
        return self.time, self.label, self.key, *self.predictions.values()


@dataclass(frozen=True, slots=True)
class ColumnRole:
    """The role of a column, and why; `calendar` ones are not tested for drift."""

    name: str
    role: Role
    reason: str
    calendar: Annotated[bool, UNPRINTED] = False


@dataclass(frozen=True, slots=True)
class Target:
    """The classes of the label, none of a quantity; of two, which is the positive one."""

    task: Task
    classes: tuple[str, ...]
    positive: Positive
    reason: str


@dataclass(frozen=True, slots=True)
class Periods:
    """How the file falls into periods; `small` ones hold fewer rows than drift needs at `least`.

    `needed` rows find what is worth finding; where nine of ten periods hold fewer, so many do.
    """

    every: Every
    reason: str
    count: int
    median: int
    small: int
    least: int = 100
    needed: Annotated[int, UNPRINTED] = 100


@dataclass(frozen=True, slots=True)
class Season:
    """That the training period repeats itself, in which cycle, and why that is thought."""

    cycle: Literal["week", "year"]
    around: int
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """The rows before `until`, labelled, and the minima of training and comparing."""

    until: datetime
    reason: str
    rows: int
    minimum_rows: int
    minimum_per_class: int
    holdout_rows: int
    holdout_per_class: int


@dataclass(frozen=True, slots=True)
class Inferred:
    """Everything that was inferred from a file; `notes` are what a person should know."""

    name: str
    file: str
    time: str
    label: str
    key: str | None
    label_delay: Span
    target: Target
    columns: tuple[ColumnRole, ...]
    periods: Periods
    rows: int
    first: datetime
    last: datetime
    training: TrainingPart
    notes: tuple[str, ...]
    season: Season | None = None
    served: ServedColumns | None = None
    adopted: Adopted | None = None

    def named(self, role: Role) -> tuple[ColumnRole, ...]:
        """Return the columns of one role, in the order of the file."""
        return tuple(column for column in self.columns if column.role == role)

    @property
    def calendar(self) -> tuple[ColumnRole, ...]:
        """The features that move with the calendar by construction."""
        return tuple(column for column in self.columns if column.calendar)
