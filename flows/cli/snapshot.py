"""The command that turns newly arrived data into a snapshot."""

from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.periods import parse_time
from driftloop.reporting.json.snapshot import SnapshotOutput
from flows.cli.display.results import show_result
from flows.cli.options import AsOf, DryRun, Folder, Json, Name, Verbose, named
from flows.cli.session import reporting, running

app = typer.Typer()


@app.command()
def snapshot(
    name: Name,
    source: Annotated[
        Path | None, typer.Option(help="File or folder, in place of the configured source.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Start of the window that a query is asked for.")
    ] = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files once more that were taken already.")
    ] = False,
    workspace: Folder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Turn newly arrived data into a snapshot: checked, committed, tagged, pushed."""
    place = str(source.resolve()) if source else None
    with reporting(verbose):
        begin = parse_time(since) if since else None
        job = named(name, workspace, verbose, parse_time(as_of) if as_of else None)
        with running(f"Taking a snapshot of {name}", name):
            from flows.snapshot import snapshot as flow

            root = str(job.workspace.root)
            snapshot_output = SnapshotOutput.of(
                flow(name, place, begin, job.as_of, dry_run, again, root)
            )
    show_result(snapshot_output, json)
