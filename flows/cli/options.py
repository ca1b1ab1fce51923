"""Options that several commands have, and the job that their arguments make."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from driftloop.base.periods import parse_time
from driftloop.base.workspace import Workspace

if TYPE_CHECKING:
    from tasks.runtime.job import Job

Name = Annotated[str, typer.Argument(help="Model: the name of a file in configs/.")]
AnyName = Annotated[str | None, typer.Argument(help="One model; default: all.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Moment that the run is as of; default: now.")
]
Rev = Annotated[str | None, typer.Option(help="Commit, branch or tag of the data.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide and report, change nothing.")]
Reason = Annotated[str, typer.Option(help="Why, for those who read it.")]


def time_of(text: str | None) -> datetime | None:
    """Return the moment that an option gives.

    Raises:
        DataError: if it is not a date or time.
    """
    return parse_time(text) if text else None


def configured_job(
    place: Workspace, name: str, as_of: str | None = None, rev: str | None = None
) -> "Job":
    """Return the job of a command that reads no data."""
    from tasks.runtime.job import load_job
    from tasks.runtime.preflight import check_services

    job = load_job(name, time_of(as_of), rev, workspace=place.root)
    check_services(place)  # last, as a wrong name is reported without them
    return job


def data_job(
    place: Workspace, name: str, as_of: str | None = None, rev: str | None = None
) -> "Job":
    """Return the job with its revision resolved to a commit; any fault of it is an error here."""
    job = configured_job(place, name, as_of, rev)
    from tasks.snapshots.resolve import snapshot_at

    return replace(job, rev=snapshot_at(job, job.rev).rev)
