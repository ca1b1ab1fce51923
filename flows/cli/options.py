"""What the commands share: their options, and the job they name."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftloop.base.periods import parse_time
from driftloop.reporting.json.base import Condition
from flows.cli.session import start

if TYPE_CHECKING:
    from driftloop.base.workspace import Workspace
    from tasks.runtime.job import Job

Name = Annotated[str, typer.Argument(help="Model: the name of a file in configs/.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Moment to look from; default: now.")]
Rev = Annotated[str | None, typer.Option(help="Commit, branch or tag of the data.")]
Folder = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Folder with configs/; default: this one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show logs and tracebacks.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide and report, change nothing.")]
FailOn = Annotated[
    list[Condition] | None,
    typer.Option("--fail-on", help="Exit with 3 on this finding; may be repeated."),
]
Reason = Annotated[str, typer.Option(help="Why, for those who read it.")]


def place_of(workspace: Path | None, verbose: bool) -> "Workspace":
    """Return the workspace after its services have been asked whether they are there."""
    place = start(workspace, verbose)
    from tasks.runtime.preflight import check_services

    check_services(place)
    return place


def named(
    name: str,
    workspace: Path | None,
    verbose: bool,
    as_of: datetime | None = None,
    rev: str | None = None,
) -> "Job":
    """Return the job of a command that looks at no data."""
    place = start(workspace, verbose)
    from tasks.runtime.job import load_job
    from tasks.runtime.preflight import check_services

    job = load_job(name, as_of, rev, workspace=place.root)
    check_services(place)  # last, as a wrong name is told without them
    return job


def job_of(
    name: str, as_of: str | None, rev: str | None, workspace: Path | None, verbose: bool
) -> "Job":
    """Return the job after everything that can be wrong with it has been looked at."""
    job = named(name, workspace, verbose, parse_time(as_of) if as_of else None, rev)
    from tasks.snapshots.resolve import snapshot_at

    snapshot_at(job, job.rev)
    return job
