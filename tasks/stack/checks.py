"""Checks before anything is started: ports, folders, the password."""

import secrets
import socket
from contextlib import closing

from driftloop.base.errors import StackError
from driftloop.base.workspace import make_state, unwritable_state
from tasks.runtime.atomic_file import write_atomically
from tasks.stack.processes import listener
from tasks.stack.services import PORTS, Plan, StackFolder


def check_ports(plan: Plan, ours: frozenset[str] = frozenset()) -> None:
    """Check that the ports are free, except those of services that run already.

    Raises:
        StackError: naming the port, who has it and the variable that chooses another.
    """
    for name, variable in PORTS.items():
        if name not in ours:
            _check_port(plan.settings.host, plan.settings.port(name), name, variable)


def _check_port(host: str, port: int, name: str, variable: str) -> None:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise StackError(
            f"DRIFTLOOP_HOST: {host!r} is not an address of this machine "
            f"({error.strerror}); the usual one is 127.0.0.1"
        ) from error
    family, kind, protocol, _, address = addresses[0]
    with closing(socket.socket(family, kind, protocol)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError as error:
            raise StackError(
                f"{variable}: port {port} needs more rights; choose one above 1023"
            ) from error
        except OSError as error:
            who = listener(port) or "another process"
            raise StackError(
                f"port {port} for {name} is taken by {who}; stop that, or set {variable} to a "
                "free port"
            ) from error


def make_folders(folder: StackFolder) -> None:
    """Make the state and the stack's folders, for their owner only."""
    try:
        make_state(folder.state)
        folder.state.chmod(0o700)
        for path in (folder.root, folder.logs, folder.prefect_home):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
        probe = folder.root / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StackError(unwritable_state(error.filename or folder.root, error)) from error


def keep_password(folder: StackFolder) -> str:
    """Return the stack's password; the first time, make one and keep it in a private file.

    Raises:
        StackError: if others may read the file, and so may know it.
    """
    file = folder.password
    try:
        if file.stat().st_mode & 0o077:
            raise StackError(
                f"{file}: others may read it; remove it, and 'driftloop up' makes a new password"
            )
        password = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        password = ""
    if not password:
        password = secrets.token_urlsafe(24)
        write_atomically(file, f"{password}\n", mode=0o600)
    return password
