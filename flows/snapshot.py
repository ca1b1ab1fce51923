"""The snapshot flow: newly arrived data, validated, added, committed, tagged and pushed."""

from datetime import datetime
from pathlib import Path

from prefect import flow, tags

from driftloop.base.errors import ConflictError
from driftloop.snapshots.record import SnapshotRecord
from flows.naming import resolve_as_of, run_name
from tasks.runtime.job import Job
from tasks.runtime.prepare import prepare_job
from tasks.snapshots.lock import one_writer
from tasks.snapshots.take import (
    commit_snapshot,
    prepare_repository,
    push_snapshot,
    push_snapshot_data,
    record_of,
    take_arrivals,
    write_snapshot,
)
from tasks.snapshots.working_copy import close_journal, taken_back, working_copy

ATTEMPTS = 5


@flow(name="snapshot", flow_run_name=run_name)
def snapshot(
    model: str,
    source: str | None = None,
    since: datetime | None = None,
    as_of: datetime | None = None,
    dry_run: bool = False,
    again: bool = False,
    workspace: str | None = None,
) -> SnapshotRecord:
    """Turn newly arrived data into a snapshot: a commit, a tag, and the data on the DVC remote.

    Args:
        model: name of a configuration in `configs/`.
        source: file or folder to take in place of the configured source.
        since: start of the window that is queried; some periods back if left out.
        as_of: end of that window (its day), and the date in the tag; now if left out.
        dry_run: read and check what arrived, and change nothing.
        again: read files once more that are part of a snapshot, as after a new configuration.
        workspace: folder with `configs/`; the working directory if left out.
    """
    with tags(model):
        job = prepare_job(model, resolve_as_of(as_of), None, dry_run, workspace)
        place = Path(source).expanduser().resolve() if source else None
        return make_snapshot(job, place, resolve_as_of(since) if since else None, again)


def make_snapshot(
    job: Job, source: Path | None = None, since: datetime | None = None, again: bool = False
) -> SnapshotRecord:
    """Return what became of what arrived; see the flow for the arguments.

    Where another machine pushed first, it is done again on top of what that one pushed.

    Raises:
        ConflictError: if others push first every time.
    """
    copy = working_copy(job)
    with one_writer(job, copy):
        if job.dry_run:
            return record_of(job, copy, take_arrivals(job, copy, source, since, again), None)
        for _ in range(ATTEMPTS):
            remote = prepare_repository(job, copy)
            taken = take_arrivals(job, copy, source, since, again)
            if not taken.staged.files:
                return record_of(job, copy, taken, None)
            with taken_back(copy):
                if not write_snapshot(job, copy, taken):
                    close_journal(copy)
                    return record_of(job, copy, taken, None)
                push_snapshot_data(copy)
                commit, tag = commit_snapshot(job, copy, taken, remote)
            if push_snapshot(job, copy, commit, tag):
                return record_of(job, copy, taken, (commit, tag))
    raise ConflictError(
        f"{copy.git_remote}/{copy.branch} was pushed to {ATTEMPTS} times meanwhile; run it again"
    )
