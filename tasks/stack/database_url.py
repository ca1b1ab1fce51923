"""Database addresses, in the forms that Prefect, MLflow and PostgreSQL's tools take."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.base.errors import StackError

if TYPE_CHECKING:
    from sqlalchemy import URL

_POSTGRES = "postgresql"
_PREFECT = {_POSTGRES: "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_MLFLOW = {_POSTGRES: "postgresql+psycopg", "sqlite": "sqlite"}


@dataclass(frozen=True, slots=True)
class Database:
    """A database: ``postgresql://user:password@host/name`` or ``sqlite:////absolute/path``.

    `address` may hold a password: print `masked`. `variable` is what another one is set with.
    """

    address: str
    variable: str

    @property
    def _url(self) -> "URL":
        from sqlalchemy import make_url

        return make_url(self.address)

    @property
    def kind(self) -> str:
        """``postgresql`` or ``sqlite``."""
        name = self._url.get_backend_name()
        return _POSTGRES if name == "postgres" else name

    @property
    def is_postgres(self) -> bool:
        """Whether it is a PostgreSQL database."""
        return self.kind == _POSTGRES

    @property
    def for_prefect(self) -> str:
        """What Prefect takes, with an asynchronous driver."""
        return self._url.set(drivername=_PREFECT[self.kind]).render_as_string(hide_password=False)

    @property
    def for_mlflow(self) -> str:
        """What MLflow takes; psycopg 3 is the driver of the extra ``postgres``."""
        return self._url.set(drivername=_MLFLOW[self.kind]).render_as_string(hide_password=False)

    @property
    def without_password(self) -> str:
        """What libpq takes, without the password, which is handed over in the environment."""
        url = self._url
        place = (url.host, url.port, url.database, url.query)
        return url.create(self.kind, url.username, None, *place).render_as_string()

    @property
    def password(self) -> str | None:
        """The password, if the address holds one."""
        return self._url.password or None

    @property
    def masked(self) -> str:
        """The address as it may be shown: without its password, or values that may be one."""
        return self._url.set(query={}).render_as_string() + ("?***" if self._url.query else "")

    @property
    def file(self) -> str:
        """The file of an SQLite database."""
        return self._url.database or ""


def parse_database(address: str, variable: str) -> Database:
    """Return the database that a variable is set to.

    Raises:
        StackError: if the address is of another kind, or not complete; the password is masked.
    """
    from sqlalchemy.exc import ArgumentError

    form = "valid: postgresql://host:5432/name, with USER:PASSWORD@ before the host, sqlite:////absolute/path.db"
    database = Database(address, variable)
    try:
        kind = database.kind
    except (ArgumentError, ValueError):  # no address at all, or a port that is not a number
        raise StackError(f"{variable}: is not a database address; {form}") from None
    if kind not in _PREFECT:
        raise StackError(f"{variable}: received {database.masked}; {form}")
    if not (database.file if database.is_postgres else database.file.startswith("/")):
        raise StackError(f"{variable}: {database.masked} is not complete; {form}")
    return database
