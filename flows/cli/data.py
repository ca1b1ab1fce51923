"""Commands about data: init, snapshot."""

from pathlib import Path
from typing import Annotated

import typer

from driftloop.base.periods import Every
from driftloop.base.scores import Task
from driftloop.base.workspace import Workspace
from driftloop.onboarding.result import NewWorkspace
from driftloop.snapshots.options import Options
from driftloop.snapshots.record import SnapshotRecord
from flows.cli.command import Json, Verbose, command
from flows.cli.display.data import init_view, snapshot_view
from flows.cli.options import AsOf, DryRun, Name, configured_job, time_of
from flows.cli.session import running


@command(init_view)
def init(
    file: Annotated[Path, typer.Argument(help="Time-ordered CSV or Parquet file.")],
    time: Annotated[str, typer.Option(help="Column with the time of the event, as ISO times.")],
    label: Annotated[str, typer.Option(help="Column to predict: 2 to 50 classes, or a quantity.")],
    name: Annotated[str | None, typer.Option(help="Model name; default: the file's.")] = None,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", help="New folder; default: here, named as the model."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column to leave out; may be repeated.")
    ] = None,
    every: Annotated[
        Every | None,
        typer.Option(help="Length of a period; default: the shortest from week on with 100 rows."),
    ] = None,
    train_until: Annotated[
        str | None,
        typer.Option(help="End of the first champion's data; default: after half of the rows."),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The positive one of two classes; default: the rarer one.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Column that identifies a row; needed where rows share a time."),
    ] = None,
    label_delay: Annotated[
        str, typer.Option(help="How long after the event a label can be trusted: '7 days'.")
    ] = "0 days",
    numeric: Annotated[
        list[str] | None, typer.Option(help="Column to take for a quantity; may be repeated.")
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(help="Column to take for a category; may be repeated.")
    ] = None,
    task: Annotated[
        Task | None, typer.Option(help="What the label is; default: two classes, or more.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> NewWorkspace:
    """Make a workspace from a file: data in DVC, a configuration, a first champion."""
    from flows.cli.init import onboard

    drops, numbers, categories = (tuple(names or ()) for names in (drop, numeric, categorical))
    options = Options(
        time=time,
        label=label,
        name=name,
        drop=drops,
        every=every,
        train_until=train_until,
        positive=positive,
        key=key,
        label_delay=label_delay,
        numeric=numbers,
        categorical=categories,
        task=task,
    )
    return onboard(file, workspace, options, quiet=json, verbose=verbose)


@command(snapshot_view)
def snapshot(
    place: Workspace,
    name: Name,
    source: Annotated[
        Path | None, typer.Option(help="File or folder, in place of the configured source.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Start of the window that a query is for.")
    ] = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files once more that were taken already.")
    ] = False,
) -> SnapshotRecord:
    """Turn newly arrived data into a snapshot: checked, committed, tagged, pushed."""
    begin = time_of(since)
    job = configured_job(place, name, as_of)
    with running(f"Taking a snapshot of {name}", name):
        from flows.snapshot import snapshot as flow

        path = str(source.resolve()) if source else None
        return flow(name, path, begin, job.as_of, dry_run, again, str(place.root))
