"""Business figures of a team's own: a number by date, from the data or from a table."""

from pathlib import PurePath
from typing import Any, Literal

import pandas as pd
from pydantic import Field, field_validator

from driftloop.base.errors import DataError
from driftloop.base.records import BusinessValue
from driftloop.base.settings import Settings


class BusinessFigure(Settings):
    """A figure that is drawn beside the score: a column of the data, or of a table by date."""

    name: str = Field(
        pattern=r"^[A-Za-z][\w-]{0,39}$", description="What it is called: letters, digits, - and _."
    )
    column: str = Field(description="Column with its values.")
    table: str | None = Field(
        default=None,
        description="CSV or Parquet file that holds the column, a path from the workspace folder; "
        "the batches if left out.",
    )
    date: str = Field(default="date", description="Column of the table with the day or the time.")
    combine: Literal["mean", "sum"] = Field(
        default="mean", description="How the values of a window become one."
    )
    unit: str = Field(default="", max_length=20, description="Its unit, such as EUR.")

    @field_validator("table")
    @classmethod
    def _in_the_workspace(cls, table: str | None) -> str | None:
        if table is not None and (PurePath(table).is_absolute() or ".." in PurePath(table).parts):
            raise ValueError("is outside the workspace; give a path from its folder")
        return table

    def of(self, values: "pd.Series[Any]") -> BusinessValue:
        """Return the figure of the values of a window, those that are missing left out.

        Raises:
            DataError: if they are not numbers.
        """
        present = values.dropna().infer_objects()
        if present.empty:
            return self.unknown("no value in the window")
        if not pd.api.types.is_numeric_dtype(present):
            raise DataError(f"column {self.column!r} holds {present.dtype} values, not numbers")
        numbers = present.to_numpy(dtype=float)
        value = float(numbers.sum() if self.combine == "sum" else numbers.mean())
        return BusinessValue(self.name, value, self.unit)

    def unknown(self, why: str) -> BusinessValue:
        """Return that the figure is not known, with the reason."""
        return BusinessValue(self.name, None, self.unit, f"{self.name} is not known: {why}.")
