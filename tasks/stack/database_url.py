"""Database addresses: one form for people, and what Prefect, MLflow and PostgreSQL's tools want."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from driftloop.base.errors import StackError

_POSTGRES = "postgresql"
_SQLITE = "sqlite"
_PREFECT = {_POSTGRES: "postgresql+asyncpg", _SQLITE: "sqlite+aiosqlite"}
_MLFLOW = {_POSTGRES: "postgresql+psycopg", _SQLITE: "sqlite"}


@dataclass(frozen=True, slots=True)
class Database:
    """A database, as it was named: ``postgresql://user:password@host/name`` or ``sqlite:///path``.

    `given` may hold a password: print `masked`.
    """

    given: str

    @property
    def kind(self) -> str:
        """``postgresql`` or ``sqlite``."""
        scheme = urlsplit(self.given).scheme.partition("+")[0]
        return _POSTGRES if scheme == "postgres" else scheme

    @property
    def is_postgres(self) -> bool:
        """Whether it is a PostgreSQL database."""
        return self.kind == _POSTGRES

    @property
    def for_prefect(self) -> str:
        """What Prefect takes, with an asynchronous driver."""
        return self._with(_PREFECT[self.kind])

    @property
    def for_mlflow(self) -> str:
        """What MLflow takes; psycopg 3 is the driver of the extra ``postgres``."""
        return self._with(_MLFLOW[self.kind])

    @property
    def plain(self) -> str:
        """What libpq takes, without the name of a Python driver."""
        return self._with(self.kind)

    @property
    def without_password(self) -> str:
        """What libpq takes, without the password, which is handed over in the environment."""
        parts = urlsplit(self.plain)
        user, at, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host))

    @property
    def password(self) -> str | None:
        """The password, if the address holds one."""
        found = urlsplit(self.given).password
        return unquote(found) if found else None

    @property
    def masked(self) -> str:
        """The address as it may be shown: without its password, or values that may be one."""
        parts = urlsplit(self.given)
        user, at, host = parts.netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        hidden = parts._replace(
            netloc=name + (":***" if colon else "") + at + host,
            query="***" if parts.query else "",
        )
        # urlunsplit drops the empty host of sqlite:///path.
        return urlunsplit(hidden) if host else f"{parts.scheme}://{parts.path}"

    @property
    def file(self) -> str:
        """The file of an SQLite database."""
        return self.given.partition(":///")[2]

    def _with(self, scheme: str) -> str:
        return f"{scheme}:{self.given.partition(':')[2]}"


def parse_database(given: str, variable: str) -> Database:
    """Return the database that a variable names.

    Raises:
        StackError: if the address is of another kind, or not complete; the password is masked.
    """
    form = "valid: postgresql://user:password@host:5432/name, sqlite:////absolute/path.db"
    try:
        database = Database(given)
        known = database.kind in _PREFECT
        complete = _complete(database) if known else False
    except ValueError:  # a port that is no number
        raise StackError(f"{variable}: is no database address; {form}") from None
    if not known:
        shown = database.masked if "://" in given else "something else"
        raise StackError(f"{variable}: received {shown}; {form}")
    if not complete:
        raise StackError(f"{variable}: {database.masked} names no database; {form}")
    return database


def _complete(database: Database) -> bool:
    parts = urlsplit(database.given)
    if database.is_postgres:
        _ = parts.port
        return len(parts.path) > 1
    return database.given.startswith(f"{parts.scheme}:////")
