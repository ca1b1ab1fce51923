"""One window of a table on object storage: a folder of Parquet files, or a Delta table.

The window and the columns are selected at the source: files and row groups that hold none of it
are not read.
"""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pyarrow as pa

from driftloop.base.errors import ConfigError, DataError, UnavailableError, reason
from driftloop.base.periods import Window, naive
from driftloop.config.arrivals import DeltaArrival, ParquetArrival
from driftloop.config.model_config import ModelConfig
from driftloop.snapshots.delivery import Arrival, check_present
from driftloop.snapshots.table_source import Source, fail

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset, Expression

StoredTable = ParquetArrival | DeltaArrival
_DAY = timedelta(days=1)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|↳")
_WITHOUT_CREDENTIALS = ("NoCredentials", "locate credentials", "//169.254.169.254/")
_REFUSED = ("PermissionError", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNot", "403 Forb")
_NOT_THERE = ("FileNotFoundError", "NotADirectoryError", "NoSuchBucket", "TableNotFound", "404 Not")
_UNKNOWN = ("Unknown scheme", "Protocol not known")
_PACKAGES = {
    "deltalake": "driftloop[delta]",
    "s3fs": "driftloop[s3]",
    **dict.fromkeys(("boto3", "botocore", "aiobotocore"), "driftloop[s3]"),
}


def stored_arrival(
    source: StoredTable, window: Window, config: ModelConfig, held: frozenset[str]
) -> Arrival:
    """Return the rows of a window, with the columns that the configuration or a batch has.

    Raises:
        ConfigError: if a package or credentials are missing, or access is refused.
        DataError: if there is no such table, or it lacks a column or the type of one.
        UnavailableError: if the storage does not answer.
    """
    try:
        table = _delta(source) if isinstance(source, DeltaArrival) else _parquet(source, window)
        names, place = table.schema.names, Source(Path(source.title))
        known, keep = {*config.columns, *held}, config.arrivals.extra_columns == "keep"
        if {*config.features.numeric, *config.features.categorical} & {*names}:
            check_present(place, config, names)
        wanted = [name for name in names if keep or name in known]
        rows = _within(place, table.schema, config.data.time, window)
        return Arrival(source.title, table.to_table(columns=wanted, filter=rows))
    except ImportError as error:
        package = error.name or next((name for name in _PACKAGES if name in str(error)), "")
        wanted_from = _PACKAGES.get(package, package or "that fsspec names for it")
        raise ConfigError(
            f"{source.title} needs the package {package}; pip install '{wanted_from}'"
        ) from error
    except (DataError, ConfigError):
        raise
    except Exception as error:  # of botocore, object_store, pyarrow: told by what it says
        _refuse(source, error)


def _parquet(source: ParquetArrival, window: Window) -> "Dataset":
    """Return the files of the window's folders as one table; what their paths say is text."""
    from fsspec.core import url_to_fs
    from pyarrow import dataset
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    storage, root = url_to_fs(source.url, skip_instance_cache=True)
    partitions = {
        path: dict(part.split("=", 1) for part in path.removeprefix(root).split("/") if "=" in part)
        for path in sorted(storage.find(root))
        if path.endswith(".parquet")
    }
    if not partitions:
        raise FileNotFoundError(source.url)
    said = pa.schema(
        [(name, pa.string()) for name in {n: 0 for at in partitions.values() for n in at}]
    )
    options = dataset.FileSystemFactoryOptions(root, dataset.partitioning(said, flavor="hive"))
    factory = dataset.FileSystemDatasetFactory(
        PyFileSystem(FSSpecHandler(storage)),
        _in_window(source, partitions, window),
        dataset.ParquetFileFormat(),
        options,
    )
    return factory.finish(factory.inspect(promote_options="permissive"))


def _in_window(
    source: ParquetArrival, partitions: dict[str, dict[str, str]], window: Window
) -> list[str]:
    """Return the files in folders of the window and a day around it, which a zone may ask for."""
    if lacking := source.partitions.keys() - {name for at in partitions.values() for name in at}:
        raise DataError(
            f"{source.title}: no folder {min(lacking)}=… in it; correct arrivals.source.partitions"
        )
    days = range((window.end - window.start) // _DAY + 4)
    meant = {
        name: {(window.start + (day - 1) * _DAY).strftime(form) for day in days}
        for name, form in source.partitions.items()
    }
    inside = [
        path
        for path, at in partitions.items()
        if all(at.get(name) in values for name, values in meant.items())
    ]
    return inside or [*partitions][-1:]  # which says what columns there are


def _delta(source: DeltaArrival) -> "Dataset":
    from deltalake import DeltaTable

    return DeltaTable(source.url).to_pyarrow_dataset()


def _within(place: Source, schema: pa.Schema, name: str, window: Window) -> "Expression":
    """Return the condition that a row is in the window; a time without a zone is in UTC."""
    from pyarrow.dataset import field

    if name not in schema.names:
        fail(place.path, f"no column {name!r}, by which a window is selected; set data.time")
    kind = schema.field(name).type
    if pa.types.is_date(kind):
        start, end = (_first_day(moment) for moment in (window.start, window.end))
    elif pa.types.is_timestamp(kind):
        start, end = (moment if kind.tz else naive(moment) for moment in (window.start, window.end))
    else:
        fail(
            place.path,
            f"column {name!r} holds {kind}, and a window is selected by times or dates; write it "
            "as a timestamp",
        )
    column = field(name)
    return (column >= pa.scalar(start, kind)) & (column < pa.scalar(end, kind))


def _first_day(moment: datetime) -> date:
    """Return the first day that begins at the moment or later."""
    return (moment.astimezone(UTC) + _DAY - timedelta(microseconds=1)).date()


def _refuse(source: StoredTable, error: Exception) -> NoReturn:
    """Raise the error of driftloop's that says what to do, by what a library said."""
    said = f"{type(error).__name__} {_COLOURS.sub('', str(error))}"
    if any(word in said for word in _WITHOUT_CREDENTIALS):
        raise ConfigError(
            f"{source.title}: no credentials were found where driftloop runs; set them there, such "
            "as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from error
    if any(word in said for word in _REFUSED):
        raise ConfigError(
            f"{source.title}: the storage refuses the credentials that driftloop has, or they may "
            "not read there; give them the right to list and to read"
        ) from error
    if any(word in said for word in _UNKNOWN):
        raise ConfigError(
            f"{source.title}: {reason(error)}; correct the scheme of arrivals.source.url"
        ) from error
    if any(word in said for word in _NOT_THERE):
        what = "Delta table" if isinstance(source, DeltaArrival) else "Parquet file"
        raise DataError(
            f"{source.title}: no such bucket or folder, or no {what} in it; correct "
            "arrivals.source.url"
        ) from error
    if isinstance(error, pa.ArrowException):
        raise DataError(
            f"{source.title}: cannot be read as one table ({reason(error)}); write each column as "
            "one type in all files"
        ) from error
    raise UnavailableError(
        f"{source.title}: {' '.join(said.split())[:200]}; is the storage up, and the address right?"
    ) from error
