"""The data of a model: where the snapshots are, what their columns hold, which ones it reads."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from driftloop.base.errors import CREDENTIALS
from driftloop.base.periods import Span, SpanField
from driftloop.base.settings import Settings
from driftloop.profiling.reference_profile import Features
from driftloop.training.served_columns import ServedColumns


class DataSettings(Settings):
    """Where the snapshots are and which columns hold time, label and key."""

    repository: str = Field(
        default=".",
        description="Git repository with DVC: a path from the workspace folder, or a URL. Git asks "
        "its credential helper for a password.",
    )
    rev: str = Field(default="HEAD", description="Commit, branch or tag read by default.")
    path: str = Field(description="DVC-tracked folder of Parquet batches in the repository.")
    time: str = Field(description="Column with the time of the event (UTC where without zone).")
    label: str = Field(description="Column with the class or the quantity that the model predicts.")
    positive: bool | int | float | str | None = Field(
        default=None, description="Value of the label that counts as positive (two classes)."
    )
    label_delay: SpanField = Field(
        default=Span(0, "day"), description="How long after the event its label can be trusted."
    )
    key: str | None = Field(
        default=None, description="Column that identifies a row; duplicates are then found."
    )
    predictions: ServedColumns | None = Field(
        default=None, description="Columns with what was served, where that is logged."
    )

    @field_validator("repository")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        if re.search(CREDENTIALS, value):
            raise ValueError(
                "the address holds a password, which everybody reads who reads this file; give it "
                "to Git instead (git config credential.helper), or use an SSH address"
            )
        return value


class FeatureSettings(Settings):
    """The columns the model reads, by type."""

    numeric: tuple[str, ...] = Field(default=(), description="Quantities.")
    categorical: tuple[str, ...] = Field(default=(), description="Categories and codes.")

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = self.by_type.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} named more than once; name each feature once")
        if not names:
            raise ValueError("no feature is named; list columns under numeric or categorical")
        if not all(name.strip() for name in names):
            raise ValueError("a feature name is empty; name the column")
        return self

    @property
    def by_type(self) -> Features:
        """The names of the features, by type."""
        return Features(self.numeric, self.categorical)
