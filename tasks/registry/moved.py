"""A registry in a workspace that was moved: MLflow keeps whole addresses, which move with it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from driftloop.base.tags import VersionTags
from driftloop.base.workspace import NAME, Workspace
from tasks.registry.protocol import EXPERIMENTS


def follow_workspace(workspace: Workspace) -> None:
    """Let a registry in the state folder name the artifacts beside it, if the folder was moved.

    It reads where the newest of driftloop's experiments has its artifacts. Where nothing is there
    any more, the address is changed wherever it stands, and so is that of the data's repository. A
    copy goes on naming what it was copied from, as long as that is there.
    """
    database, artifacts = workspace.state / "mlflow.db", workspace.state / "artifacts"
    if not (database.is_file() and artifacts.is_dir()):
        return
    try:
        before = _recorded(database)
    except sqlite3.Error:  # no database of MLflow's yet: it says so itself, better
        return
    if before is None or before == artifacts.as_uri() or Path(_path(before)).exists():
        return
    move_addresses(database, f"{before}/", f"{artifacts.as_uri()}/")
    state = Path(_path(before)).parent
    if state.name == NAME:
        _move_repository(database, str(state.parent), str(workspace.root.resolve()))


def _recorded(database: Path) -> str | None:
    """Return the address of the folder of artifacts as the database has it."""
    query = (
        "SELECT name, artifact_location FROM experiments WHERE name LIKE ? "
        "ORDER BY experiment_id DESC LIMIT 1"
    )
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute(query, (f"{EXPERIMENTS}%",)).fetchone()
    if row is None:
        return None
    ending = f"/{row[0].removeprefix(EXPERIMENTS)}"
    address = str(row[1])
    local = address.startswith("file:") and address.endswith(f"/artifacts{ending}")
    return address.removesuffix(ending) if local else None


def _path(address: str) -> str:
    return unquote(urlsplit(address).path)


def _move_repository(database: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE model_version_tags SET value = ? || substr(value, ?) "
            "WHERE key = ? AND (value = ? OR substr(value, 1, ?) = ?)",
            (
                *(after, len(before) + 1, VersionTags.tag_name("repository")),
                *(before, len(before) + 1, f"{before}/"),
            ),
        )


def move_addresses(path: Path, before: str, after: str) -> int:
    """Let file addresses below one folder point below another; return how many there were.

    MLflow keeps whole addresses of artifacts in its database.
    """
    count = 0
    with closing(sqlite3.connect(path)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for column in _text_columns(connection, table):
                cursor = connection.execute(
                    f'UPDATE "{table}" SET "{column}" = ? || substr("{column}", ?) '  # noqa: S608
                    f'WHERE substr("{column}", 1, ?) = ?',
                    (after, len(before) + 1, len(before), before),
                )
                count += cursor.rowcount
    return count


def _text_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return [
        name for _, name, kind, *_ in columns if "CHAR" in kind.upper() or "TEXT" in kind.upper()
    ]
