"""supervisord: configured, started, queried and controlled through its socket."""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from driftloop.base.errors import StackError
from tasks.stack.processes import is_running
from tasks.stack.services import MARK, Service, StackFolder

LONGEST_SOCKET = 90
"""A socket's path has about 100 bytes, and supervisord adds its process id to it meanwhile."""
START_SECONDS = 20.0
FIRST_START_SECONDS = 240.0
"""Of a service, which first makes its database, on a slow machine beside other work."""
ALIVE = ("RUNNING", "STARTING")
LOG_BYTES, LOG_FILES = "10MB", 3
_GRACE_SECONDS = 15


class Supervisor:
    """supervisord of one stack; every method works where it does not run, too."""

    def __init__(self, folder: StackFolder) -> None:
        self._folder = folder

    def answers(self) -> bool:
        """Whether it runs and can be spoken to."""
        try:
            return bool(self._call().getState()["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def pid(self) -> int | None:
        """Its process id, if it runs."""
        try:
            pid = int(self._folder.pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if is_running(pid) else None

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what it says of every service, by name; nothing where it does not answer."""
        try:
            return {info["name"]: info for info in self._call().getAllProcessInfo()}
        except (OSError, xmlrpc.client.Error):
            return {}

    def state_of(self, name: str) -> str:
        """Return supervisord's word for the state of a service; UNKNOWN where there is none."""
        return str(self.states().get(name, {}).get("statename", "UNKNOWN"))

    def start(self) -> None:
        """Start it in the background, and return once it answers."""
        command = [sys.executable, "-m", "supervisor.supervisord", "-c"]
        process = subprocess.run(  # noqa: S603 - a fixed command
            [*command, str(self._folder.configuration)],
            env={**os.environ, MARK: str(self._folder.root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        log = self._folder.log("supervisord")
        if process.returncode != 0:
            lines = (process.stderr or process.stdout).strip().splitlines()
            why = lines[-1] if lines else f"exit code {process.returncode}"
            raise StackError(f"supervisord did not start ({why}): {log}")
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > end:
                raise StackError(f"supervisord does not answer after {START_SECONDS:.0f} s: {log}")
            time.sleep(0.1)

    def start_service(self, name: str) -> bool:
        """Start a service that does not run; say whether it had to be started."""
        if self.state_of(name) in ALIVE:
            return False
        with suppress(xmlrpc.client.Fault):  # it has come up by itself in the meantime
            self._call().startProcess(name, False)
        return True

    def wait_for(self, name: str, ready: Callable[[], bool]) -> None:
        """Return once a service is ready; `StackError` points to the log of one that never is."""
        end, log = time.monotonic() + FIRST_START_SECONDS, self._folder.log(name)
        while not ready():
            state = self.state_of(name)
            if state in ("FATAL", "EXITED", "UNKNOWN"):
                raise StackError(f"{name} does not stay up ({state.lower()}); see {log}")
            if time.monotonic() > end:
                seconds = f"{FIRST_START_SECONDS:.0f} s"
                raise StackError(f"{name} does not answer after {seconds}; see {log}")
            time.sleep(0.3)

    def restart_service(self, name: str) -> None:
        """Stop a service and start it again."""
        with suppress(xmlrpc.client.Fault):
            self._call().stopProcess(name, True)
        with suppress(xmlrpc.client.Fault):
            self._call().startProcess(name, False)

    def stop_service(self, name: str) -> None:
        """Stop a service, and do not start it again."""
        with suppress(OSError, xmlrpc.client.Error):
            self._call().stopProcess(name, True)

    def shut_down(self) -> None:
        """Let it stop every service and end."""
        with suppress(OSError, xmlrpc.client.Error):
            self._call().shutdown()

    def _call(self) -> Any:
        from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

        transport = SupervisorTransport(None, None, f"unix://{socket_of(self._folder)}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def socket_of(folder: StackFolder) -> Path:
    """Return the socket of a stack: in its folder, or in a private one if that path is too long.

    Raises:
        StackError: if the private folder belongs to somebody else.
    """
    own = folder.root / "supervisord.sock"
    if len(os.fsencode(own)) <= LONGEST_SOCKET:
        return own
    name = hashlib.sha256(os.fsencode(folder.root)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"driftloop-{os.getuid()}-{name}"
    try:
        status = private.lstat()
    except FileNotFoundError:
        return private / "s"
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise StackError(
            f"{private}: is not private to you, and {folder.root} is too long for a socket; "
            "remove it, or set DRIFTLOOP_STATE to a shorter folder"
        )
    return private / "s"


def make_socket_folder(folder: StackFolder) -> Path:
    """Make the folder of the socket, and return the socket; raises as `socket_of`."""
    with suppress(FileExistsError):
        socket_of(folder).parent.mkdir(mode=0o700)
    return socket_of(folder)


def supervisor_text(
    folder: StackFolder, socket: Path, services: Iterable[Service], python: str
) -> str:
    """Return what supervisord reads. It holds no environment and so no secret.

    `python` starts each service through `tasks.stack.run`, which gives it its environment.
    """
    head = f"""\
; Written by 'driftloop up'; changes are lost.
[unix_http_server]
file={_value(socket)}
chmod=0700

[supervisord]
logfile={_value(folder.log("supervisord"))}
logfile_maxbytes={LOG_BYTES}
logfile_backups={LOG_FILES}
pidfile={_value(folder.pid_file)}
directory={_value(folder.root)}
identifier=driftloop
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{_value(socket)}
"""
    return head + "".join(
        _program(folder, service, place, python) for place, service in enumerate(services)
    )


def _program(folder: StackFolder, service: Service, place: int, python: str) -> str:
    command = shlex.join((python, "-m", "tasks.stack.run", str(folder.services), service.name))
    return f"""
[program:{service.name}]
command={_value(command)}
priority={100 + place}
autostart={str(service.at_once).lower()}
autorestart=true
startsecs={service.settles_seconds}
startretries=10
stopsignal=TERM
stopwaitsecs={_GRACE_SECONDS}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={_value(folder.log(service.name))}
stdout_logfile_maxbytes={LOG_BYTES}
stdout_logfile_backups={LOG_FILES}
"""


def _value(text: object) -> str:
    """Return a value in which supervisord expands nothing."""
    return str(text).replace("%", "%%")
