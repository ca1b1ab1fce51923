"""The base of all searches."""

from abc import abstractmethod

from pydantic import Field

from driftloop.base.settings import Settings
from driftloop.training.search.problem import SearchProblem, SearchTrial
from driftloop.training.search.space import Space, Trials


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
