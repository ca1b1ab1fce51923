"""The columns of the data that hold what was served; light, as the command line reads it."""

from typing import Self

from pydantic import Field, model_validator

from driftloop.base.errors import DataError
from driftloop.base.settings import Settings


class ServedColumns(Settings):
    """The columns that hold what was served; a row without a prediction was not logged."""

    score: str | None = Field(
        default=None,
        description="Column with the probability of the positive class (two classes), or with the "
        "predicted quantity.",
    )
    decision: str | None = Field(
        default=None,
        description="Column with the class that was decided for. Needed for more than two classes.",
    )
    version: str | None = Field(
        default=None, description="Column with the version of the model that predicted."
    )

    @classmethod
    def named(cls, score: str | None, decision: str | None, version: str | None) -> Self:
        """Return the columns that options name; raises `DataError` if they name no prediction."""
        if score is None and decision is None:
            raise DataError("give --score, the column of the predictions, or --decision, or both")
        return cls(score=score, decision=decision, version=version)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.score is None and self.decision is None:
            raise ValueError("name the column of the score, of the decision, or both")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are given."""
        return tuple(name for name in (self.score, self.decision, self.version) if name)
