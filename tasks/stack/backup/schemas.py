"""Whether a database fits the installed Prefect and MLflow, found out before they are started."""

import re
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from driftloop.base.errors import StackError, reason
from tasks.stack.database_url import Database
from tasks.stack.services import MLFLOW_DATABASE, PREFECT_DATABASE, Plan

Fit = Literal["new", "current", "old", "unknown"]
_SCRIPTS = {
    "prefect": {
        "sqlite": "server/database/_migrations/versions/sqlite",
        "postgresql": "server/database/_migrations/versions/postgresql",
    },
    "mlflow": {
        "sqlite": "store/db_migrations/versions",
        "postgresql": "store/db_migrations/versions",
    },
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
        StackError: if one cannot be reached, or does not fit; names the command that mends it.
    """
    prefect = fit(plan.prefect_database, "prefect", PREFECT_DATABASE)
    mlflow = fit(plan.mlflow_database, "mlflow", MLFLOW_DATABASE)
    for name, literal, database in (
        ("Prefect", prefect, plan.prefect_database),
        ("MLflow", mlflow, plan.mlflow_database),
    ):
        if literal == "unknown":
            raise StackError(
                f"{name}'s database {database.masked} was made by a newer {name} than the one that "
                "is installed; install the driftloop that wrote it, or restore an older backup"
            )
    if mlflow == "old":
        raise StackError(
            f"MLflow's database {plan.mlflow_database.masked} is of an older MLflow; back it up "
            f"with 'driftloop backup FILE', then run: {upgrade_command(plan.mlflow_database)}"
        )
    if prefect == "old":
        return (
            "Prefect's database is of an older Prefect; its server upgrades it when it starts. "
            "Stop now (Ctrl-C) and run 'driftloop backup FILE' if you have no backup.",
        )
    return ()


def upgrade_command(database: Database) -> str:
    """Return the command that upgrades MLflow's database, without its password."""
    if not database.is_postgres:
        return f"mlflow db upgrade {shlex.quote(database.for_mlflow)}"
    scheme = database.given.partition(":")[0]
    return f'mlflow db upgrade "${{{MLFLOW_DATABASE}/#{scheme}:/postgresql+psycopg:}}"'


def fit(database: Database, library: str, variable: str) -> Fit:
    """Return how a database's schema stands to the installed library's.

    Raises:
        StackError: if the database cannot be reached.
    """
    revision = revision_of(database, variable)
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
        for path in (Path(place) / _SCRIPTS[library][kind]).glob("*.py"):
            for line in _LINE.finditer(path.read_text(encoding="utf-8")):
                (followed if line[1] else known).update(_ID.findall(line[2]))
    return Scripts(frozenset(known), frozenset(known - followed))


def revision_of(database: Database, variable: str) -> str | None:
    """Return the revision of a database's schema, or None where it has none yet.

    Raises:
        StackError: if the database cannot be reached.
    """
    try:
        return _of_postgres(database) if database.is_postgres else _of_sqlite(database)
    except ModuleNotFoundError as error:
        raise StackError(
            f"{variable}: {database.masked} needs psycopg; install driftloop with its extra "
            "'postgres'"
        ) from error
    except (sqlite3.Error, OSError) as error:
        raise StackError(
            f"{variable}: {database.masked} cannot be read ({reason(error)}); restore a backup "
            "with 'driftloop restore FILE', or name another database"
        ) from error


def _of_sqlite(database: Database) -> str | None:
    path = Path(database.file)
    if not path.is_file() or path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if ("alembic_version",) not in tables.fetchall():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _of_postgres(database: Database) -> str | None:
    import psycopg

    try:
        with psycopg.connect(database.plain, connect_timeout=10) as connection:
            there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
            if there is None or there[0] is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.Error as error:
        raise OSError(str(error)) from error
    return str(row[0]) if row else None
