"""A Prefect server for one command, started while the command imports its libraries.

Prefect would start one itself, but only once it is imported and a flow begins, it imports the whole
server into the command for that, and leaves it behind where the command is killed. This one is the
same, with the same database.
"""

import atexit
import os
from functools import lru_cache
from tempfile import TemporaryFile

from tasks.runtime.prefect_api import own_server
from tasks.runtime.servers.local_server import LocalServer, free_port, start_leashed

_LIKE_PREFECTS_OWN = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


def start_temporary_server() -> LocalServer | None:
    """Start a server that ends with this process; None where one is configured.

    Called before Prefect is imported, it ends after Prefect has sent its last logs and events. A
    process has one, however often it asks.
    """
    return None if own_server() else _start(os.environ.get("PREFECT_HOME"))


@lru_cache(maxsize=1)
def _start(_home: str | None) -> LocalServer:
    port = free_port()
    application = ("uvicorn", "--factory", "prefect.server.api.server:create_app")
    options = ("--host", "127.0.0.1", "--log-level", "error", "--lifespan", "on")
    environment = {**os.environ, **_LIKE_PREFECTS_OWN}
    arguments = (*application, *options, "--port", str(port))
    log = TemporaryFile()  # noqa: SIM115 - as long as the server
    server = start_leashed(arguments, environment, port, log)
    atexit.register(server.stop)
    return server
