"""The rows of a query, in one window of time."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from driftloop.base.errors import ConfigError, DataError, DeliveryError, UnavailableError, reason
from driftloop.base.periods import Window, naive
from driftloop.config.arrivals import SqlArrival
from driftloop.profiling.whole_numbers import array_of
from driftloop.snapshots.delivery import Arrival
from tasks.runtime.credentials import secret_for
from tasks.runtime.redaction import redact

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

ROWS_AT_ONCE = 20_000


def query_arrival(source: SqlArrival, window: Window) -> Arrival:
    """Return the rows that the query gives of a window; nothing is written.

    Raises:
        ConfigError: if the URL is not set, is not a database URL, or its driver is not installed.
        DataError: if the database refuses the query.
        UnavailableError: if it does not answer.
    """
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    engine = _engine(source)
    try:
        with engine.connect() as connection:
            return _rows(connection, source, window)
    except DBAPIError as error:
        text = redact(f"{source.title}: {reason(error.orig or error)}")
        if error.connection_invalidated or type(error).__name__ == "OperationalError":
            raise UnavailableError(f"{text}; is the database up, and the query right?") from error
        raise DataError(f"{text}; correct arrivals.source.query") from error
    except SQLAlchemyError as error:
        raise DataError(f"{source.title}: {reason(error)}; correct arrivals.source") from error
    finally:
        engine.dispose()


def _engine(source: SqlArrival) -> "Engine":
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        secret = secret_for(source.url_variable, source.url_secret)
    except DeliveryError as error:
        raise UnavailableError(
            f"the Secret block {source.url_secret!r} cannot be read from Prefect; run it again, or "
            f"set {source.url_variable}"
        ) from error
    if secret is None:
        raise ConfigError(
            f"the database URL is not set; put it in {source.url_variable} or the Secret block "
            f"{source.url_secret}"
        )
    try:
        url = make_url(secret)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        return create_engine(url)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ConfigError(
            f"{source.url_variable} is not a database URL of SQLAlchemy, such as "
            "postgresql://host/database, with USER:PASSWORD@ before the host"
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"{source.title} needs the package {error.name}; install it (for PostgreSQL: "
            "pip install 'driftloop[postgres]')"
        ) from error


def _rows(connection: "Connection", source: SqlArrival, window: Window) -> Arrival:
    from sqlalchemy import text

    dialect = connection.dialect.name
    if dialect == "postgresql":  # a column without zone is then compared as UTC
        connection.execute(text("set transaction read only"))
        connection.execute(text("set local time zone 'UTC'"))
    bounds = {"start": _bound(dialect, window.start), "end": _bound(dialect, window.end)}
    streaming = connection.execution_options(yield_per=ROWS_AT_ONCE)
    result = streaming.execute(text(source.query), bounds)
    names = list(result.keys())
    columns: list[list[Any]] = [[] for _ in names]
    for rows in result.partitions():
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    arrays = [_array(source, *column) for column in zip(names, columns, strict=True)]
    return Arrival(source.title, pa.Table.from_arrays(arrays, names=names))


def _bound(dialect: str, moment: datetime) -> Any:
    """Return a moment as the database compares it: with its zone, as UTC, or as text."""
    if dialect == "postgresql":
        return moment
    return naive(moment).isoformat(" ", "seconds") if dialect == "sqlite" else naive(moment)


def _array(source: SqlArrival, name: str, values: list[Any]) -> pa.Array:
    from uuid import UUID

    plain = [str(value) if isinstance(value, UUID) else value for value in values]
    try:
        return array_of(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        kinds = sorted({type(value).__name__ for value in plain if value is not None})
        raise DataError(
            f"{source.title}: column {name!r} mixes {' and '.join(kinds)}; cast it to one type in "
            "the query"
        ) from error
