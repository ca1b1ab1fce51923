"""The steps of a snapshot. A run that is killed at any of them ends as an undisturbed one.

Before the data are touched a journal says so; the next run finds it and takes back what is not
committed. What is committed and not yet tagged or pushed is finished. The rest is done again, with
the same result, because a merge depends on the commit and on what arrived alone.

Steps raise `SnapshotError` where Git or DVC refuses, and `UnavailableError` where a source or a
remote does not answer.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

import pyarrow.parquet as pq

from driftloop.base.errors import ConflictError, EmptySnapshotError, SnapshotError, join_names
from driftloop.snapshots.delivery import check_arrival, held_values, text_columns
from driftloop.snapshots.merge import Roles, Staged, merge
from driftloop.snapshots.read_table import refuse_pipe
from driftloop.snapshots.record import SnapshotRecord
from driftloop.snapshots.types import declared_types
from tasks.runtime import clock
from tasks.runtime.job import Job
from tasks.runtime.progress import progress
from tasks.runtime.step import step
from tasks.snapshots.arrivals import Inbox, arrivals_in
from tasks.snapshots.commits import (
    Commit,
    RemoteState,
    catch_up,
    commit_pin,
    new_tag,
    push_commits,
    remote_state,
    set_tag,
    snapshots_of,
    undo_commit,
    unfinished,
)
from tasks.snapshots.cut_off import forget_notes
from tasks.snapshots.pinned_files import complete_remote, difference_from_meant
from tasks.snapshots.resolve import local_path, open_snapshot
from tasks.snapshots.working_copy import (
    WorkingCopy,
    add_data,
    check_clean,
    check_out,
    close_journal,
    pin_differs,
    push_data,
    restore,
    write_journal,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Arrived data as batches that are ready to be put in place; nothing is changed yet.

    `files` are the digest and name of each file that went into them.
    """

    staged: Staged
    files: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The changes, in a few words."""
        staged = self.staged
        labels = f", {staged.labelled:,} labels" if staged.labelled else ""
        labels += f", {staged.corrected:,} labels corrected" if staged.corrected else ""
        labels += f", {staged.predicted:,} predictions" if staged.predicted else ""
        noun = "batch" if len(staged.files) == 1 else "batches"
        return (
            f"{staged.added:,} new rows, {staged.changed:,} changed{labels}, in "
            f"{len(staged.files)} {noun}"
        )


@step("prepare repository", retries=2)
def prepare_repository(job: Job, copy: WorkingCopy) -> RemoteState:
    """Settle what a killed run left, catch up with the remote, and return what the remote has."""
    for path in (copy.root / copy.tracked).rglob("*"):
        refuse_pipe(path)  # DVC would wait for it
    restore(copy)
    check_clean(copy)
    remote = remote_state(copy)
    moved = catch_up(copy, remote)
    if moved or not copy.data.is_dir():
        check_out(copy)
        close_journal(copy)
    if commits := unfinished(copy, remote):
        for commit in commits:
            set_tag(copy, commit.sha, commit.tag)
        if remote.head != copy.head:
            _push_data(copy)
        push_commits(copy, [commit.tag for commit in commits])
        remote = remote_state(copy)
    return remote


@step("take arrivals", retries=2)
def take_arrivals(
    job: Job, copy: WorkingCopy, source: Path | None, since: datetime | None, again: bool
) -> Taken:
    """Return what arrived, checked and merged into copies of the batches.

    With `again`, files that are part of a snapshot are read once more.

    Raises:
        DataError: if anything of it cannot be used; then nothing of it is.
        ConfigError: if there is no source.
    """
    batches = _batches(job, copy)
    schema = declared_types(pq.read_schema(path) for _, path in sorted(batches.items()))
    own = () if again else _own(job, copy)
    known = {digest: commit.tag for commit in reversed(own) for digest in commit.files}
    held = partial(held_values, tuple(batches.values()))
    texts = frozenset(text_columns(job.config, schema))
    inbox = Inbox(job, source, since, known, frozenset(schema.names), texts, held)
    shutil.rmtree(copy.staging, ignore_errors=True)
    data, staged = job.config.data, Staged(copy.staging)
    served = data.predictions.names if data.predictions else ()
    roles = Roles(data.time, data.label, data.key, job.config.arrivals.every, served)
    files: list[tuple[str, str]] = []
    classes = frozenset[str]() if job.config.task == "regression" else held(data.label)
    for arrival in arrivals_in(inbox):
        delivery = check_arrival(arrival, job.config, schema, clock.now(), classes)
        name = Path(arrival.name).name
        before = staged.added + staged.changed
        merge(delivery, roles, batches, staged, progress(job.model, f"merging {name}"))
        if staged.added + staged.changed == before:
            inbox.skipped.append(f"{arrival.name}: brings nothing that is not there already")
        if arrival.digest:
            files.append((arrival.digest, name))
    return Taken(staged, tuple(files), tuple(inbox.skipped))


@step("write snapshot")
def write_snapshot(job: Job, copy: WorkingCopy, taken: Taken) -> bool:
    """Put the batches in place and add the folder to DVC; return whether that changed it."""
    for _ in range(2):
        write_journal(copy)
        check_out(copy)
        for name, path in sorted(taken.staged.files.items()):
            _put(path, copy.data / name)
        add_data(copy)
        difference = difference_from_meant(copy, taken.staged.files)
        if difference is None:
            return not copy.pinned or pin_differs(copy)
        forget_notes(copy)
        restore(copy)
    raise SnapshotError(
        f"{copy.root}: DVC added other data than were meant, and nothing was committed "
        f"({difference}); see whether another program changes {copy.tracked}"
    )


@step("push data", retries=2)
def push_snapshot_data(copy: WorkingCopy) -> None:
    """Push the data first, so that nobody gets a commit without its data."""
    _push_data(copy)


@step("commit snapshot")
def commit_snapshot(
    job: Job, copy: WorkingCopy, taken: Taken, remote: RemoteState
) -> tuple[str, str]:
    """Commit the pin and tag it; return the commit and the tag."""
    tag = new_tag(copy, job.model, job.as_of, remote)
    commit = commit_pin(copy, job.model, tag, taken.summary, taken.files)
    set_tag(copy, commit, tag)
    close_journal(copy)
    return commit, tag


@step("push snapshot", retries=2)
def push_snapshot(job: Job, copy: WorkingCopy, commit: str, tag: str) -> bool:
    """Push commit and tag; return False where another was quicker, and take them back.

    If the remote does not answer, both are here and the next run pushes them.
    """
    try:
        push_commits(copy, [tag])
    except ConflictError:
        write_journal(copy, undone=tag)
        undo_commit(copy, commit)
        restore(copy)
        return False
    return True


def record_of(
    job: Job, copy: WorkingCopy, taken: Taken, made: tuple[str, str] | None
) -> SnapshotRecord:
    """Return what a run did; `made` are the commit and tag of a new snapshot."""
    staged = taken.staged
    newest = next(iter(_own(job, copy)), None)
    rev, tag = made or (copy.head, newest.tag if newest else None)
    changes = bool(staged.files) and (made is not None or job.dry_run)
    return SnapshotRecord(
        model=job.model,
        as_of=job.as_of,
        rev=rev,
        tag=tag,
        added=staged.added if changes else 0,
        changed=staged.changed if changes else 0,
        labelled=staged.labelled if changes else 0,
        predicted=staged.predicted if changes else 0,
        corrected=staged.corrected if changes else 0,
        batches=tuple(sorted(staged.files)) if changes else (),
        taken=tuple(name for _, name in taken.files) if changes else (),
        skipped=taken.skipped,
        dropped=tuple(staged.dropped),
        notes=tuple(staged.notes),
        pushed=made is not None and copy.git_remote is not None,
        dry_run=job.dry_run,
        sentence=_sentence(job, copy, taken, tag if made else None, changes),
    )


def _sentence(job: Job, copy: WorkingCopy, taken: Taken, tag: str | None, changes: bool) -> str:
    if not changes:
        why = f": {taken.skipped[0]}" if taken.skipped else ""
        more = f" and {len(taken.skipped) - 1} more" if len(taken.skipped) > 1 else ""
        return f"{job.model}: nothing new{why}{more}."
    if tag is None:
        return f"{job.model}: a snapshot would hold {taken.summary}; nothing was changed."
    where = f"; pushed to {copy.git_remote}" if copy.git_remote else "; not pushed with Git"
    return f"Snapshot {tag} of {job.model}: {taken.summary}{where}."


def _own(job: Job, copy: WorkingCopy) -> tuple[Commit, ...]:
    return tuple(commit for commit in snapshots_of(copy) if commit.model == job.model)


def _batches(job: Job, copy: WorkingCopy) -> dict[str, Path]:
    """Return the committed batches by their names in the data folder."""
    if not copy.pinned:
        return {}
    try:
        snapshot = open_snapshot(str(copy.root), copy.head, copy.folder)
    except EmptySnapshotError:
        return {}
    inner = {file: PurePosixPath(file.path.lstrip("/")) for file in snapshot.files}
    return {
        path.relative_to(copy.folder).as_posix(): local_path(snapshot, file, job.workspace)
        for file, path in inner.items()
    }


def _push_data(copy: WorkingCopy) -> None:
    if not copy.push:
        return
    push_data(copy)
    if lacking := complete_remote(copy):
        raise SnapshotError(
            f"{copy.root}: after the push the DVC remote lacks {join_names(lacking, 3)}, so "
            "nothing new was committed; push these from a machine that has them, then run it again"
        )


def _put(path: Path, target: Path) -> None:
    """Put a batch into the data at once, never through a link into DVC's cache."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copyfile(path, partial)
    partial.replace(target)
