"""Schema revisions: does a database fit the installed Prefect and MLflow, before they start?"""

import re
import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from driftloop.base.errors import StackError, reason
from tasks.stack.database_url import Database
from tasks.stack.services import Plan

Fit = Literal["new", "current", "old", "unknown"]
_SCRIPTS = {
    "prefect": "server/database/_migrations/versions/{kind}",
    "mlflow": "store/db_migrations/versions",
}
_LINE = re.compile(r"^(down_)?revision(?:\s*:[^=]+)?\s*=\s*(.+)$", re.MULTILINE)
_ID = re.compile(r"[\"']([0-9a-f]+)[\"']")


@dataclass(frozen=True, slots=True)
class Scripts:
    """The migrations that are installed: their revisions, and the newest of them."""

    known: frozenset[str]
    newest: frozenset[str]


def check_schemas(plan: Plan) -> tuple[str, ...]:
    """Return what a person should know of the databases before they are used.

    Raises:
        StackError: if one cannot be reached, or does not fit; with the command that fixes it.
    """
    fits = {name: fit(database, name) for name, database in plan.databases.items()}
    for name, library in (("prefect", "Prefect"), ("mlflow", "MLflow")):
        if fits[name] == "unknown":
            raise StackError(
                f"{library}'s database {plan.databases[name].masked} was made by a newer {library} "
                "than the one that is installed; install the driftloop that wrote it, or restore "
                "an older backup"
            )
    if fits["mlflow"] == "old":
        raise StackError(
            f"MLflow's database {plan.mlflow_database.masked} is of an older MLflow; back it up "
            f"with 'driftloop backup FILE', then run: {upgrade_command(plan.mlflow_database)}"
        )
    if fits["prefect"] == "old":
        return (
            "Prefect's database is of an older Prefect; its server upgrades it when it starts. "
            "Stop now (Ctrl-C) and run 'driftloop backup FILE' if you have no backup.",
        )
    return ()


def upgrade_command(database: Database) -> str:
    """Return the command that upgrades MLflow's database, without its password."""
    if not database.is_postgres:
        return f"mlflow db upgrade {shlex.quote(database.for_mlflow)}"
    scheme = database.address.partition(":")[0]
    return f'mlflow db upgrade "${{{database.variable}/#{scheme}:/postgresql+psycopg:}}"'


def fit(database: Database, library: str) -> Fit:
    """Return how a database's schema stands to the installed library's."""
    revision = revision_of(database)
    if revision is None:
        return "new"
    scripts = installed(library, database.kind)
    if revision in scripts.newest:
        return "current"
    return "old" if revision in scripts.known else "unknown"


def installed(library: str, kind: str) -> Scripts:
    """Return the migrations of the installed library for a kind of database."""
    spec = find_spec(library)
    places = (spec.submodule_search_locations or []) if spec is not None else []
    known, followed = set[str](), set[str]()
    for place in places:
        for path in (Path(place) / _SCRIPTS[library].format(kind=kind)).glob("*.py"):
            for line in _LINE.finditer(path.read_text(encoding="utf-8")):
                (followed if line[1] else known).update(_ID.findall(line[2]))
    return Scripts(frozenset(known), frozenset(known - followed))


def revision_of(database: Database) -> str | None:
    """Return the revision of a database's schema, or None where it has none yet."""
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    url, options = database.for_mlflow, {"connect_timeout": 10}
    if not database.is_postgres:
        file = Path(database.file)
        if not file.is_file() or file.stat().st_size == 0:
            return None
        url, options = f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true", {}
    try:
        engine = create_engine(url, connect_args=options, poolclass=NullPool)
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except ModuleNotFoundError as error:
        raise StackError(
            f"{database.variable}: {database.masked} needs psycopg; install driftloop with its "
            "extra 'postgres'"
        ) from error
    except DBAPIError as error:
        raise StackError(
            f"{database.variable}: {database.masked} cannot be read "
            f"({reason(error.orig or error)}); restore a backup with 'driftloop restore FILE', or "
            "choose another database"
        ) from error
