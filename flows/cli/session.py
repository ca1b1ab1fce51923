"""Surroundings of every command: environment, quiet logs, one-line errors."""

import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from driftloop.base.environment import prepare_environment
from driftloop.base.errors import DriftloopError, WorkspaceError
from driftloop.base.workspace import (
    VARIABLE,
    Workspace,
    find_workspace,
    make_state,
    unwritable_state,
)

if TYPE_CHECKING:
    from tasks.runtime.servers.local_server import LocalServer

ERROR, FAILED_ON = 2, 3
plain_console = partial(Console, highlight=False, markup=False, emoji=False)
"""A console that prints names as they are: columns, classes and files may hold brackets."""

notes = plain_console(stderr=True)


def start(folder: Path | None, verbose: bool = False, services: bool = False) -> Workspace:
    """Return the workspace, with the environment set before the libraries are imported.

    Raises:
        WorkspaceError: if there is no workspace.
        UnavailableError: if `services` are to be checked, and one does not answer.
    """
    place = find_workspace(folder)
    enter(place, verbose)
    if services:
        from tasks.runtime.preflight import check_services

        check_services(place)
    return place


def enter(place: Workspace, verbose: bool = False) -> None:
    """Set the environment for a workspace; Prefect's log stays off the terminal.

    Raises:
        WorkspaceError: if the state folder cannot be written.
    """
    try:
        make_state(place.state)
    except OSError as error:
        raise WorkspaceError(unwritable_state(place.state, error)) from error
    from tasks.runtime.redaction import install

    install()
    prepare_environment(place.state)
    os.environ[VARIABLE] = str(place.root)
    if not verbose:
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


@contextmanager
def reporting(verbose: bool = False) -> Iterator[None]:
    """Print any error as one line on standard error and exit with 2.

    Standard output is kept for the result: what libraries print goes to standard error.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (DriftloopError, KeyboardInterrupt) as error:
        _fail(error, verbose)
    except typer.Exit:
        raise
    except Exception as error:
        _fail(error, verbose, hint=" (run it with --verbose for the traceback)")


@contextmanager
def results() -> Iterator[None]:
    """Print on the real standard output, also while a command's work is being reported."""
    with redirect_stdout(sys.__stdout__):
        yield


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on standard error that something is under way, and how long it took if it was long."""
    begun = time.monotonic()
    if not notes.is_terminal:
        yield
        return
    from tasks.alerts.senders.console import SCREEN
    from tasks.runtime.progress import watched

    def show(step: str, done: int, total: int) -> None:
        status.update(Text(f"{what}: {step}, {done:,} of {total:,}"))

    drawn_on = SCREEN.set(notes)
    try:
        with notes.status(Text(what)) as status, watched(show):
            yield
    finally:
        SCREEN.reset(drawn_on)
    if time.monotonic() - begun > 20:
        notes.print(f"{what}: {time.monotonic() - begun:.0f} s", style="dim")


@contextmanager
def running(
    what: str, model: str | None = None, server: "LocalServer | None" = None
) -> Iterator[None]:
    """Show that a flow is under way at a server, and tag its runs."""
    with waiting(what):
        from tasks.runtime.servers.temporary_server import start_temporary_server

        server = server or start_temporary_server()
        from prefect import tags

        if server is not None:
            server.wait()
        address = None if server is None else server.api_url
        with command_settings(address=address), tags(*filter(None, ("driftloop", model))):
            yield


@contextmanager
def command_settings(always: bool = False, address: str | None = None) -> Iterator[None]:
    """Set Prefect for the flows of a command: no heartbeats where no server would miss them.

    Ending their thread costs up to a second a flow. Runs are those of the server at `address`, if
    one is given; all of Prefect's settings are read again for each change.
    """
    if not (always or address or not os.environ.get("PREFECT_API_URL")):
        yield
        return
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    at = {PREFECT_API_URL: address} if address else {}
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, **at}):
        yield


def _fail(error: BaseException, verbose: bool, hint: str = "") -> None:
    if isinstance(error, KeyboardInterrupt):
        hint = "run the command again with the same --as-of to continue where the flow stopped"
        typer.echo(f"stopped; {hint}", err=True)
        raise typer.Exit(130)
    from tasks.runtime.redaction import redact

    if verbose:
        typer.echo(redact("".join(traceback.format_exception(error))), err=True)
    text = redact(" ".join(str(error).split()))
    name = "" if isinstance(error, DriftloopError) else f"{type(error).__name__}: "
    typer.echo(f"error: {name}{text}{hint}", err=True)
    raise typer.Exit(ERROR)
