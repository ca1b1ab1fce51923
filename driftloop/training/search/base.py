"""The base of all searches, the problem that they solve, its trials, and the time limit."""

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from driftloop.base.settings import Settings
from driftloop.training.search.space import Parameters, Space, Trials

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SearchTrial:
    """One proposal, its mean validation score (NaN where undefined) and the share of rows used."""

    parameters: Parameters
    score: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchProblem:
    """The problem that a search solves.

    `score` takes a proposal, past and future rows, and returns the score, larger is better; NaN
    where it is undefined or these settings fail. `min_rows` is the number of all rows below which a
    random part of the folds has too few of some class. `configured` has the present values of
    the settings in the space.
    """

    rows: int
    folds: tuple[tuple[Rows, Rows], ...]
    score: Callable[[Parameters, Rows, Rows], float]
    configured: Parameters
    min_rows: int = 1
    on_trial: Callable[[int, int], None] = lambda done, total: None


class TimeLimit:
    """A time limit that starts when it is made."""

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    @property
    def seconds_left(self) -> float:
        """Seconds until then, 0 afterwards; infinity without a limit."""
        return float("inf") if self._end is None else max(0.0, self._end - time.monotonic())


class Search(Settings):
    """A search for an estimator's settings."""

    kind: str
    trials: Trials
    folds: int = Field(default=3, ge=2, le=20, description="Time-ordered validation folds.")
    minutes: float | None = Field(
        default=None,
        gt=0,
        description="Time after which no further settings are tried, if limited.",
    )
    space: Space = Field(
        default_factory=dict, description="What to try, by setting: values, or a range."
    )

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @abstractmethod
    def search(self, problem: SearchProblem, seed: int) -> tuple[SearchTrial, ...]:
        """Return the trials, best first; the configured settings, ``{}``, are one of them."""
