"""Snapshots and new workspaces in the terminal."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from driftloop.onboarding.result import NewWorkspace
from driftloop.snapshots.options import ColumnRole
from driftloop.snapshots.record import SnapshotRecord
from flows.cli.display.monitoring import monitor_view
from flows.cli.display.show import empty_table


def snapshot_view(record: SnapshotRecord) -> Iterable[RenderableType]:
    """Yield the outcome of a snapshot, with a line per source that was left out."""
    yield Text(record.sentence)
    if record.made or len(record.skipped) > 1:
        yield from (Text(f"  not taken: {file}", style="dim") for file in record.skipped)
    if record.dropped:
        yield Text(f"  columns left out: {', '.join(record.dropped)}", style="dim")
    yield from (Text(f"  note: {note}", style="yellow") for note in record.notes)


def init_view(new: NewWorkspace) -> Iterable[RenderableType]:
    """Yield what a person should know of a new workspace."""
    yield Text.assemble(("ready", "green"), f": {new.sentence}")
    yield "\nNext:"
    place = f"--workspace {new.workspace}"
    known = new.newest is not None and new.verdict is None
    moment = f" --as-of {new.newest:%Y-%m-%dT%H:%M}" if known else "  # once new rows have come"
    lines = [
        f"driftloop monitor {new.model} {place}{moment}",
        f"driftloop status {place}",
        f"driftloop tune {new.model} {place}  # which policy pays here",
    ]
    for text in lines if new.verdict is None else lines[:2]:
        yield Text(f"  {text}", no_wrap=True, overflow="ignore")  # to be pasted


def adopt_view(new: NewWorkspace) -> Iterable[RenderableType]:
    """Yield what a person should know of a log that was adopted, and its first verdict."""
    if new.verdict is not None:
        yield from monitor_view(new.verdict)
        yield ""
    yield from init_view(new)


def columns_view(columns: Iterable[ColumnRole], notes: Iterable[str]) -> Group:
    """Return what was inferred of a file's columns, and what to know about it."""
    table = empty_table("column", "taken for", "because", wrapped="because")
    for column in columns:
        style = "dim" if column.role == "left out" else ""
        table.add_row(Text(column.name), column.role, Text(column.reason), style=style)
    return Group(table, *(Text(f"note: {note}", style="yellow") for note in notes))
