"""Snapshots in Git: one commit of the pin each, with a tag, on the branch and on its remote.

What a later run has to know of a snapshot is in trailers of its commit: the model, the tag, and
the digest of every file that it took. So whoever has the commit knows it, on any machine.

Functions raise `SnapshotError` where Git or its remote refuses, `UnavailableError` where the remote
does not answer, and `ConflictError` where it has moved on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from driftloop.base.errors import ConflictError, SnapshotError, UnavailableError
from tasks.snapshots.git import one_line, try_git
from tasks.snapshots.working_copy import WorkingCopy, write_journal

_MODEL, _TAG, _FILE = "Driftloop-Snapshot", "Driftloop-Tag", "Driftloop-Arrival"
_FIELD, _RECORD, _ITEM = "\x01", "\x02", "\x03"
_MOVED = ("[rejected]", "failed to update ref", "cannot lock ref", "reference already exists")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that a snapshot made."""

    sha: str
    model: str
    tag: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoteState:
    """The Git remote: the commit of the branch, and the names of the tags of data."""

    head: str | None = None
    tags: frozenset[str] = frozenset()


def snapshots_of(copy: WorkingCopy, spread: str = "HEAD") -> tuple[Commit, ...]:
    """Return the snapshots among the commits, newest first."""
    keys = (f"%(trailers:key={key},valueonly,separator={_ITEM})" for key in (_MODEL, _TAG, _FILE))
    record_format = _FIELD.join(("%H", *keys)) + _RECORD
    log = copy.git("log", f"--format={record_format}", spread, "--", copy.pin)
    snapshots = []
    for record in filter(None, map(str.strip, log.split(_RECORD))):
        sha, model, tag, files = record.split(_FIELD)
        if model:
            digests = (line.split()[0] for line in files.split(_ITEM) if line.strip())
            snapshots.append(Commit(sha, model.strip(), tag.strip(), tuple(digests)))
    return tuple(snapshots)


def remote_state(copy: WorkingCopy) -> RemoteState:
    """Return what the Git remote has."""
    if copy.git_remote is None:
        return RemoteState()
    wanted = (f"refs/heads/{copy.branch}", "refs/tags/data/*")
    listing = _ask_remote(copy, "ls-remote", copy.git_remote, *wanted)
    refs = {name: sha for sha, _, name in (line.partition("\t") for line in listing.splitlines())}
    tags = {name.removeprefix("refs/tags/") for name in refs if not name.endswith("^{}")}
    return RemoteState(refs.get(wanted[0]), frozenset(tags))


def catch_up(copy: WorkingCopy, remote: RemoteState) -> bool:
    """Fast-forward to the remote branch where it moved on; return whether it had.

    Raises:
        SnapshotError: if both moved on, or commits that no snapshot made are not on the remote.
    """
    if remote.head is None or copy.git_remote is None or remote.head == copy.head:
        return False
    place = f"{copy.git_remote}/{copy.branch}"
    _ask_remote(
        copy, "fetch", "--quiet", copy.git_remote, f"+refs/heads/{copy.branch}:refs/remotes/{place}"
    )
    if _is_ancestor(copy, "HEAD", remote.head):
        _fast_forward(copy, remote.head, place)
        return True
    if not _is_ancestor(copy, remote.head, "HEAD"):
        raise SnapshotError(
            f"{copy.root}: {copy.branch} and {place} have diverged; bring them together (to drop "
            f"what is only here: 'git reset --keep {place}'), then run it again"
        )
    ahead = f"{remote.head}..HEAD"
    own = {commit.sha for commit in snapshots_of(copy, ahead)}
    # What a person has not pushed is not pushed for them.
    if others := [sha for sha in copy.git("rev-list", ahead).split() if sha not in own]:
        raise SnapshotError(
            f"{copy.root}: {len(others)} commits of {copy.branch} that no snapshot made are not in "
            f"{place} ({others[0][:10]}); push them first"
        )
    return False


def _fast_forward(copy: WorkingCopy, head: str, place: str) -> None:
    """Bring branch and files to a commit; the journal then says which files the run changes."""
    names = copy.git("diff", "--name-only", "-z", "HEAD", head).split("\0")
    updated = [name for name in names if name]
    changed = copy.git("status", "--porcelain", "--untracked-files=all", "--", *updated)
    if changed:
        raise SnapshotError(
            f"{copy.root}: cannot be brought to {place}, which has other changes of "
            f"{changed.splitlines()[0][2:].strip()}; commit or undo what was changed there"
        )
    write_journal(copy, updated=updated)
    code, _, message = try_git(copy.root, "merge", "--ff-only", "--quiet", head)
    if code:
        raise SnapshotError(f"{copy.root}: cannot be brought to {place}: {one_line(message)}")


def new_tag(copy: WorkingCopy, model: str, as_of: datetime, remote: RemoteState) -> str:
    """Return the name of a tag that is free here and there: ``data/<model>/<date>``."""
    base = f"data/{model}/{as_of:%Y-%m-%d}"
    taken = {*copy.git("tag", "--list", f"{base}*").split(), *remote.tags}
    names = chain((base,), (f"{base}.{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def commit_pin(
    copy: WorkingCopy, model: str, tag: str, summary: str, files: Iterable[tuple[str, str]]
) -> str:
    """Commit the pin, and nothing else that may be staged; return the commit."""
    names = [copy.pin]
    if not copy.pinned and (copy.root / copy.ignoring).is_file():
        names.append(copy.ignoring)
    trailers = [f"{_MODEL}: {model}", f"{_TAG}: {tag}"]
    trailers += [f"{_FILE}: {digest} {' '.join(name.split())}" for digest, name in files]
    message = f"Snapshot of {model}: {summary}\n\n" + "\n".join(trailers)
    copy.git("add", "--", *names)
    copy.git("commit", "--quiet", "--only", "--message", message, "--", *names, identity=True)
    return copy.head


def set_tag(copy: WorkingCopy, commit: str, tag: str) -> None:
    """Tag a commit with its first line, unless it has the tag already.

    Raises:
        SnapshotError: if the tag is at another commit.
    """
    tagged = f"refs/tags/{tag}^{{commit}}"
    code, at, _ = try_git(copy.root, "rev-parse", "--verify", "--quiet", tagged)
    if code or at != commit:
        subject = copy.git("log", "-1", "--format=%s", commit)
        copy.git("tag", "--annotate", "--message", subject, tag, commit, identity=True)


def unfinished(copy: WorkingCopy, remote: RemoteState) -> tuple[Commit, ...]:
    """Return the snapshots that lack their tag, or that are not on the remote, newest first."""
    complete = set(copy.git("tag", "--list", "data/*").split())
    if copy.git_remote is not None:
        complete &= remote.tags
    if copy.git_remote is None or remote.head == copy.head:
        commits = snapshots_of(copy)[:1]
    else:
        commits = snapshots_of(copy, f"{remote.head}..HEAD" if remote.head else "HEAD")
    return tuple(commit for commit in commits if commit.tag not in complete)


def push_commits(copy: WorkingCopy, tags: Iterable[str]) -> None:
    """Push the branch with tags, all of them or nothing."""
    if copy.git_remote is None:
        return
    refs = (f"HEAD:refs/heads/{copy.branch}", *(f"refs/tags/{tag}" for tag in tags))
    words = ("push", "--porcelain", "--atomic", copy.git_remote, *refs)
    code, output, message = try_git(copy.root, *words)
    if not code:
        return
    text, line = f"{output} {message}", one_line(message)
    if any(mark in text for mark in _MOVED):
        raise ConflictError(f"{copy.git_remote}/{copy.branch} has moved on; run it again")
    if "[remote rejected]" in text:
        raise SnapshotError(
            f"{copy.git_remote} refused the snapshot ({line}); it is committed here: allow the "
            "push and run it again"
        )
    raise UnavailableError(
        f"{copy.git_remote} does not answer ({line}); the snapshot is committed here, and the next "
        "run pushes it"
    )


def undo_commit(copy: WorkingCopy, commit: str) -> None:
    """Take a commit off the branch that could not be pushed, unless the branch has moved since."""
    copy.git("update-ref", f"refs/heads/{copy.branch}", f"{commit}^", commit)


def _is_ancestor(copy: WorkingCopy, ancestor: str, commit: str) -> bool:
    return not try_git(copy.root, "merge-base", "--is-ancestor", ancestor, commit)[0]


def _ask_remote(copy: WorkingCopy, *words: str) -> str:
    code, output, message = try_git(copy.root, *words)
    if code:
        raise UnavailableError(
            f"the Git remote {copy.git_remote!r} of {copy.root} does not answer: "
            f"{one_line(message)}; check 'git remote -v' and its credentials, or set "
            "arrivals.push: false"
        )
    return output
