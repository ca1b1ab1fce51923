"""A PostgreSQL cluster of one's own: made, started, and gone at the end."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.runtime.servers.local_server import free_port

PASSWORD = "p@ss/word:not%to+be&seen"
_QUOTED = "p%40ss%2Fword%3Anot%25to%2Bbe%26seen"


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://loop:{_QUOTED}@127.0.0.1:{self.port}/{database}"

    def tables(self, database: str) -> dict[str, int]:
        """Rows of every table that has some."""
        import psycopg

        with psycopg.connect(self.url(database)) as connection:
            names = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            counts = {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
                for (name,) in names
            }
        return {name: row[0] for name, row in counts.items() if row and row[0]}

    def make(self, *databases: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for name in databases:
                connection.execute(f'CREATE DATABASE "{name}"')


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster; as the user `postgres` where this is root, which initdb refuses."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert programs, "install it with: apt-get install postgresql"
    programs_folder, port = programs[-1].parent, free_port()
    with TemporaryDirectory(dir="/tmp", prefix="pg-") as place:
        folder = Path(place)
        (folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            shutil.chown(folder / "password", "postgres")
        data, options = folder / "data", f"-p {port} -k {folder} -h 127.0.0.1 -F"
        _run(
            *(programs_folder / "initdb", "-D", data, "-U", "loop", "-A", "scram-sha-256"),
            *("--pwfile", folder / "password", "-E", "UTF8", "--no-locale", "-N"),
        )
        control = programs_folder / "pg_ctl"
        _run(control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Cluster(port)
        finally:
            _run(control, "-D", data, "-w", "-m", "immediate", "stop")


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    user = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else None
    subprocess.run(words, user=user, cwd="/tmp", check=True, stdout=subprocess.DEVNULL)
