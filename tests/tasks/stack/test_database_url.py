"""Addresses of databases in the forms that others want, and never with a password shown."""

import pytest

from driftloop.base.errors import StackError
from tasks.stack.database_url import Database, parse_database

SECRET = "p%40ss%3Aword"
POSTGRES = f"postgresql://loop:{SECRET}@db.local:5433/prefect"


def test_each_reader_gets_its_form() -> None:
    database = Database(POSTGRES, "V")
    assert database.for_prefect == f"postgresql+asyncpg://loop:{SECRET}@db.local:5433/prefect"
    assert database.for_mlflow == f"postgresql+psycopg://loop:{SECRET}@db.local:5433/prefect"
    assert database.without_password == "postgresql://loop@db.local:5433/prefect"
    assert database.password == "p@ss:word"
    assert database.masked == "postgresql://loop:***@db.local:5433/prefect"


def test_sqlite_keeps_its_slashes() -> None:
    database = Database("sqlite:////srv/m.db", "V")
    assert database.for_prefect == "sqlite+aiosqlite:////srv/m.db"
    assert database.for_mlflow == database.masked == "sqlite:////srv/m.db"
    assert database.file == "/srv/m.db"


@pytest.mark.parametrize("driver", ["postgres", "postgresql+psycopg", "postgresql+asyncpg"])
def test_other_names_of_postgresql_are_taken(driver: str) -> None:
    found = parse_database(f"{driver}://loop@db/prefect", "V")
    assert found.for_mlflow == "postgresql+psycopg://loop@db/prefect"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"mysql://loop:{SECRET}@db/prefect", "received mysql://[redacted]@db/prefect"),
        (f"postgresql://loop:{SECRET}@db", "postgresql://[redacted]@db is not complete"),
        (f"postgresql://loop:{SECRET}@db:x/prefect", "is not a database address"),
        ("sqlite:///relative.db", "is not complete"),
        (SECRET, "is not a database address"),
    ],
)
def test_what_is_no_database_is_told_without_the_password(given: str, said: str) -> None:
    with pytest.raises(StackError) as caught:
        parse_database(given, "DRIFTLOOP_PREFECT_DATABASE_URL")
    assert str(caught.value).startswith("DRIFTLOOP_PREFECT_DATABASE_URL: ")
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_options_that_may_hold_a_password_are_masked() -> None:
    assert "hidden" not in Database("postgresql://db/x?password=hidden", "V").masked
