"""Arrival of new data, and how they become a snapshot; one settings class per source."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator

from driftloop.base.periods import Every, Span, SpanField, every_span
from driftloop.base.settings import Settings, secret_block, secret_variable

Extra = Literal["drop", "keep"]
LOOKBACK = (
    "How far back each run asks again, so that late labels come in; `data.label_delay` and two "
    "periods if left out."
)


class FileArrival(Settings):
    """One CSV, Parquet or NDJSON file that is written again from time to time."""

    kind: Literal["file"] = "file"
    path: str = Field(description="The file: a path from the workspace folder.")

    @property
    def title(self) -> str:
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
    def title(self) -> str:
        """What messages call the source."""
        return f"{self.path}/{self.pattern}"


class SqlArrival(Settings):
    """A query of a database, by a SQLAlchemy URL that is kept as a secret."""

    kind: Literal["sql"] = "sql"
    query: str = Field(
        description="One SELECT with the bind parameters :start and :end, a half-open window."
    )
    url_variable: str = secret_variable("DRIFTLOOP_DATABASE_URL", "the SQLAlchemy URL")
    url_secret: str = secret_block("driftloop-database-url")
    lookback: SpanField | None = Field(default=None, description=LOOKBACK)

    @property
    def title(self) -> str:
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


class StoredArrival(Settings):
    """A table on object storage or a disk, of which each run reads one window of time.

    Credentials are those of the environment, such as AWS_ACCESS_KEY_ID or a profile.
    """

    url: str = Field(
        description="Where the table is: s3://bucket/folder, gs://…, abfs://…, file:///….",
    )
    lookback: SpanField | None = Field(default=None, description=LOOKBACK)

    @property
    def title(self) -> str:
        """What messages call the source."""
        return self.url

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        scheme, found, place = url.partition("://")
        if not (scheme and found and place.strip("/")):
            raise ValueError("is not an address; write one such as s3://bucket/folder")
        if "@" in place.split("/")[0]:
            raise ValueError("holds a user or a key; put credentials into the environment")
        return url.rstrip("/")


class ParquetArrival(StoredArrival):
    """A folder of Parquet files, also in folders such as day=2026-03-16, by an fsspec URL."""

    kind: Literal["parquet"] = "parquet"
    partitions: dict[str, str] = Field(
        default={},
        description="Folders that follow the time, by the form of their values in strftime, such "
        'as {day: "%Y-%m-%d"}; only those of the window, and a day around it, are opened.',
    )

    def __hash__(self) -> int:
        return hash((self.url, self.lookback, *self.partitions.items()))

    @field_validator("partitions")
    @classmethod
    def _by_days(cls, partitions: dict[str, str]) -> dict[str, str]:
        night, evening = datetime(2026, 3, 4), datetime(2026, 3, 4, 23, 59)
        for name, form in partitions.items():
            if night.strftime(form) != evening.strftime(form):
                raise ValueError(f"{name}: {form!r} follows the hour; use folders of days or more")
            if "%" not in form:
                raise ValueError(f"{name}: {form!r} follows no time; write it as %Y-%m-%d")
        return partitions


class DeltaArrival(StoredArrival):
    """A table of Delta Lake, in its newest version."""

    kind: Literal["delta"] = "delta"


Windowed = SqlArrival | ParquetArrival | DeltaArrival
"""Sources of which a run reads a window of time, not what is new in them."""


def asked_from(source: Windowed, end: datetime, label_delay: Span, every: Every) -> datetime:
    """Return the start of the window that is asked for, which ends at `end`."""
    if source.lookback is not None:
        return source.lookback.before(end)
    return every_span(every, 2).before(label_delay.before(end))


AnySource = FileArrival | FolderArrival | Windowed
Source = Annotated[AnySource, Field(discriminator="kind")]


class ArrivalSettings(Settings):
    """How new data become a snapshot: where they arrive, what is kept, where it is pushed."""

    source: Source | None = Field(
        default=None, description="Where new data arrive; `--source` gives a file or folder too."
    )
    predictions: Source | None = Field(
        default=None,
        description="Where the served predictions of `data.predictions` arrive, if not with the "
        "rows: a table with `data.key`, by which they are joined.",
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
