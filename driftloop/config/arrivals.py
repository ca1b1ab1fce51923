"""Arrival of new data, and how they become a snapshot; one settings class per source."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator

from driftloop.base.periods import Every, Span, SpanField, every_span
from driftloop.base.settings import Settings

Extra = Literal["drop", "keep"]


class FileArrival(Settings):
    """One CSV, Parquet or NDJSON file that is written again from time to time."""

    kind: Literal["file"] = "file"
    path: str = Field(description="The file: a path from the workspace folder.")

    @property
    def told(self) -> str:
        """What messages call the source."""
        return self.path


class FolderArrival(Settings):
    """A folder that files are dropped into; those already taken are known by their content."""

    kind: Literal["folder"] = "folder"
    path: str = Field(description="The folder: a path from the workspace folder.")
    pattern: str = Field(
        default="*.*", min_length=1, description="Glob of the files in it, such as *.csv."
    )

    @property
    def told(self) -> str:
        """What messages call the source."""
        return f"{self.path}/{self.pattern}"


class SqlArrival(Settings):
    """A query of a database, by a SQLAlchemy URL that is kept as a secret."""

    kind: Literal["sql"] = "sql"
    query: str = Field(
        description="One SELECT with the bind parameters :start and :end, a half-open window."
    )
    url_variable: str = Field(
        default="DRIFTLOOP_DATABASE_URL",
        description="Environment variable that holds the SQLAlchemy URL.",
    )
    url_secret: str = Field(
        default="driftloop-database-url",
        description="Prefect Secret block read where the variable is unset.",
    )
    lookback: SpanField | None = Field(
        default=None,
        description="How far back each run queries again, so that late labels come in; "
        "`data.label_delay` and two periods if left out.",
    )

    @property
    def told(self) -> str:
        """What messages call the source."""
        return f"the query of {self.url_variable}"

    @field_validator("query")
    @classmethod
    def _one_select(cls, query: str) -> str:
        text = query.strip().rstrip(";").rstrip()
        if not text.lower().startswith(("select", "with")) or ";" in text:
            raise ValueError("is not one SELECT; write a single statement that only reads")
        missing = [name for name in (":start", ":end") if name not in text]
        if missing:
            raise ValueError(
                f"lacks {' and '.join(missing)}; select one window, such as "
                "'where at >= :start and at < :end'"
            )
        return text


def asked_from(source: SqlArrival, end: datetime, label_delay: Span, every: Every) -> datetime:
    """Return the start of the window that is queried, which ends at `end`."""
    if source.lookback is not None:
        return source.lookback.before(end)
    return every_span(every, 2).before(label_delay.before(end))


Source = Annotated[FileArrival | FolderArrival | SqlArrival, Field(discriminator="kind")]


class ArrivalSettings(Settings):
    """How new data become a snapshot: where they arrive, what is kept, where it is pushed."""

    source: Source | None = Field(
        default=None, description="Where new data arrive; `--source` gives a file or folder too."
    )
    every: Every = Field(default="week", description="Length of the period of one Parquet batch.")
    extra_columns: Extra = Field(
        default="drop",
        description="What becomes of columns that neither the configuration nor a batch has.",
    )
    push: bool = Field(
        default=True, description="Push the data with DVC, then commit and tag with Git."
    )
    remote: str | None = Field(
        default=None, description="DVC remote to push to; DVC's default remote if left out."
    )
    git_remote: str = Field(
        default="origin", min_length=1, description="Git remote to push to, if there is one."
    )
