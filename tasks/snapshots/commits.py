"""Snapshots in Git: one commit of the pin each, with a tag, on the branch and on its remote.

What a later run has to know of a snapshot is in trailers of its commit: the model, the tag, and
the digest of every file that it took. So whoever has the commit knows it, on any machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from driftloop.base.errors import ConflictError, SnapshotError, UnavailableError
from tasks.snapshots.git import asked, author, git
from tasks.snapshots.working_copy import WorkingCopy

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
    """What the Git remote has: the commit of the branch, and the names of the tags of data."""

    head: str | None = None
    tags: frozenset[str] = frozenset()


def snapshots_of(copy: WorkingCopy, spread: str = "HEAD") -> tuple[Commit, ...]:
    """Return the snapshots among the commits, newest first."""
    parts = [
        "%H",
        *(f"%(trailers:key={key},valueonly,separator={_ITEM})" for key in (_MODEL, _TAG, _FILE)),
    ]
    form = _FIELD.join(parts) + _RECORD
    printed = git(copy.root, "log", f"--format={form}", spread, "--", copy.pin, error=SnapshotError)
    found = []
    for record in filter(None, (one.strip() for one in printed.split(_RECORD))):
        sha, model, tag, files = record.split(_FIELD)
        if model:
            digests = (one.split()[0] for one in files.split(_ITEM) if one.strip())
            found.append(Commit(sha, model.strip(), tag.strip(), tuple(digests)))
    return tuple(found)


def remote_state(copy: WorkingCopy) -> RemoteState:
    """Return what the Git remote has.

    Raises:
        UnavailableError: if it does not answer.
    """
    if copy.git_remote is None:
        return RemoteState()
    wanted = (f"refs/heads/{copy.branch}", "refs/tags/data/*")
    printed = _ask_remote(copy, "ls-remote", copy.git_remote, *wanted)
    pairs = (line.partition("\t") for line in printed.splitlines())
    refs = {name: sha for sha, _, name in pairs}
    tags = {name.removeprefix("refs/tags/") for name in refs if not name.endswith("^{}")}
    return RemoteState(refs.get(wanted[0]), frozenset(tags))


def catch_up(copy: WorkingCopy, remote: RemoteState) -> bool:
    """Fast-forward to the remote branch where it moved on; return whether it had.

    Raises:
        SnapshotError: if both moved on, or commits that no snapshot made are not on the remote.
        UnavailableError: if the remote does not answer.
    """
    if remote.head is None or copy.git_remote is None or remote.head == copy.head:
        return False
    place = f"{copy.git_remote}/{copy.branch}"
    _ask_remote(
        copy, "fetch", "--quiet", copy.git_remote, f"+refs/heads/{copy.branch}:refs/remotes/{place}"
    )
    if _is_ancestor(copy, "HEAD", remote.head):
        code, _, said = asked(copy.root, "merge", "--ff-only", "--quiet", remote.head)
        if code:
            raise SnapshotError(
                f"{copy.root}: cannot be brought to {place}: {' '.join(said.split())[:200]}; "
                "commit or undo what was changed there"
            )
        return True
    if not _is_ancestor(copy, remote.head, "HEAD"):
        raise SnapshotError(
            f"{copy.root}: {copy.branch} and {place} have diverged; bring them together (to drop "
            f"what is only here: 'git reset --keep {place}'), then run it again"
        )
    _only_snapshots(copy, remote.head, place)
    return False


def _only_snapshots(copy: WorkingCopy, base: str, place: str) -> None:
    """Refuse to push what a person has not pushed."""
    commits = git(copy.root, "rev-list", f"{base}..HEAD", error=SnapshotError).split()
    own = {commit.sha for commit in snapshots_of(copy, f"{base}..HEAD")}
    if others := [sha for sha in commits if sha not in own]:
        raise SnapshotError(
            f"{copy.root}: {len(others)} commits of {copy.branch} that no snapshot made are not in "
            f"{place} ({others[0][:10]}); push them first"
        )


def new_tag(copy: WorkingCopy, model: str, as_of: datetime, remote: RemoteState) -> str:
    """Return the name of a tag that is free here and there: ``data/<model>/<date>``."""
    base = f"data/{model}/{as_of:%Y-%m-%d}"
    taken = {
        *git(copy.root, "tag", "--list", f"{base}*", error=SnapshotError).split(),
        *remote.tags,
    }
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}.{number}"
    return name


def commit_pin(
    copy: WorkingCopy, model: str, tag: str, summary: str, files: Iterable[tuple[str, str]]
) -> str:
    """Commit the pin, and nothing else that may be staged; return the commit.

    Raises:
        SnapshotError: if Git refuses, as a hook may.
    """
    names = [copy.pin]
    if not copy.pinned and (copy.root / copy.ignoring).is_file():
        names.append(copy.ignoring)
    trailers = [f"{_MODEL}: {model}", f"{_TAG}: {tag}"]
    trailers += [f"{_FILE}: {digest} {' '.join(name.split())}" for digest, name in files]
    message = f"Snapshot of {model}: {summary}\n\n" + "\n".join(trailers)
    git(copy.root, "add", "--", *names, error=SnapshotError)
    words = ("commit", "--quiet", "--only", "--message", message, "--", *names)
    git(copy.root, *words, identity=author(copy.root), error=SnapshotError)
    return copy.head


def set_tag(copy: WorkingCopy, commit: str, tag: str) -> None:
    """Tag a commit with its first line, unless it has the tag already.

    Raises:
        SnapshotError: if the tag is at another commit.
    """
    code, at, _ = asked(
        copy.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}"
    )
    if not code and at == commit:
        return
    told = git(copy.root, "log", "-1", "--format=%s", commit, error=SnapshotError)
    words = ("tag", "--annotate", "--message", told, tag, commit)
    git(copy.root, *words, identity=author(copy.root), error=SnapshotError)


def unfinished(copy: WorkingCopy, remote: RemoteState) -> tuple[Commit, ...]:
    """Return the snapshots that lack their tag, or that are not on the remote, newest first."""
    here = set(git(copy.root, "tag", "--list", "data/*", error=SnapshotError).split())
    if copy.git_remote is None:
        newest = snapshots_of(copy)[:1]
        return tuple(one for one in newest if one.tag not in here)
    since = f"{remote.head}..HEAD" if remote.head else "HEAD"
    commits = snapshots_of(copy, since) if remote.head != copy.head else snapshots_of(copy)[:1]
    return tuple(one for one in commits if one.tag not in here or one.tag not in remote.tags)


def push_commits(copy: WorkingCopy, tags: Iterable[str]) -> None:
    """Push the branch with tags, all of them or nothing.

    Raises:
        ConflictError: if the remote has moved on meanwhile.
        SnapshotError: if the remote refuses.
        UnavailableError: if it does not answer.
    """
    if copy.git_remote is None:
        return
    refs = (f"HEAD:refs/heads/{copy.branch}", *(f"refs/tags/{tag}" for tag in tags))
    code, printed, said = asked(
        copy.root, "push", "--porcelain", "--atomic", copy.git_remote, *refs
    )
    if not code:
        return
    text = f"{printed} {said}"
    if any(mark in text for mark in _MOVED):
        raise ConflictError(f"{copy.git_remote}/{copy.branch} has moved on; run it again")
    line = " ".join(said.split())[:200]
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
    """Take a commit off the branch that could not be pushed, as the remote has moved on.

    Raises:
        SnapshotError: if the branch has moved since.
    """
    where = f"refs/heads/{copy.branch}"
    git(copy.root, "update-ref", where, f"{commit}^", commit, error=SnapshotError)


def _is_ancestor(copy: WorkingCopy, one: str, other: str) -> bool:
    return not asked(copy.root, "merge-base", "--is-ancestor", one, other)[0]


def _ask_remote(copy: WorkingCopy, *words: str) -> str:
    code, printed, said = asked(copy.root, *words)
    if code:
        raise UnavailableError(
            f"the Git remote {copy.git_remote!r} of {copy.root} does not answer: "
            f"{' '.join(said.split())[:200]}; check 'git remote -v' and its credentials, or set "
            "arrivals.push: false"
        )
    return printed
