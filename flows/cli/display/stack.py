"""The local stack in the terminal."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tasks.stack.status import StackStatus

_COLOURS = {"running": "green", "starting": "yellow", "failed": "red", "stopped": "dim"}


def stack_view(status: "StackStatus") -> Iterable[RenderableType]:
    """Yield a line per service, and what to do next."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("service", "state", "address", "log"):
        table.add_column(column, no_wrap=True)
    for service in status.services:
        state = "no answer" if service.healthy is False else service.state
        colour = "red" if service.healthy is False else _COLOURS[service.state]
        table.add_row(
            service.name, Text(state, colour), service.address or "", Path(service.log).name
        )
    yield table
    yield _whole(f"logs: {_near(status.folder)}/logs")
    for note in status.notes:
        yield Text(f"note: {note}", style="yellow")
    if status.state == "running":
        yield _whole(f"user: driftloop, password: in {_near(status.folder)}/password")
    yield status.sentence
    if status.state == "running":
        yield "\nNext, in a shell:"
        yield _whole(f"  source {_near(status.folder)}/env")
        yield "                                    # commands then speak to the stack"
        yield "  driftloop bootstrap MODEL         # the first champion of a model without one"
        yield "  driftloop stack                   # how the services are"
        yield "  driftloop down                    # stop everything"


def _whole(text: str) -> Text:
    """Return a line that is not broken, so that what is in it can be copied."""
    return Text(text, no_wrap=True, overflow="ignore")


def _near(path: str) -> str:
    """Return a path as it is written from here, if it is below."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
