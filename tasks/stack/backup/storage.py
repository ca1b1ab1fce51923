"""Databases copied and put back: SQLite while it is in use, PostgreSQL with its own tools.

`StackError` is raised where a database cannot be read, or PostgreSQL's tools are missing or fail.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from driftloop.base.errors import StackError
from tasks.stack.database_url import Database


def dump(database: Database, into: Path) -> bool:
    """Copy a database as it is at one moment into a file; say whether there was one."""
    if database.is_postgres:
        _tool("pg_dump", database, "--format=custom", f"--file={into}")
        return True
    source = Path(database.file)
    if not source.is_file():
        return False
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(into)) as here,
        ):
            there.backup(here, pages=4096, sleep=0.05)
            here.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StackError(f"{source}: cannot be backed up ({error}); check the disk") from error
    return True


def load(database: Database, dumped: Path) -> None:
    """Put a copied database in the place of what is there."""
    if database.is_postgres:
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
        _tool("pg_restore", database, *options, str(dumped))
        return
    target = Path(database.file)
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    shutil.move(dumped, target)


def _tool(name: str, database: Database, *options: str) -> None:
    program = shutil.which(name)
    if program is None:
        raise StackError(
            f"{name} is not installed, and {database.masked} is on PostgreSQL; install its client "
            "(apt-get install postgresql-client), of the server's version or newer"
        )
    secret = {"PGPASSWORD": database.password} if database.password else {}
    process = subprocess.run(  # noqa: S603 - a fixed program, and our own options
        [program, f"--dbname={database.without_password}", "--no-password", *options],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        raise StackError(f"{name} refused {database.masked}: {lines[-1][:200]}")
