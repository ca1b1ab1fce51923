"""Git, in a process of its own: what it prints, or one line that says why not."""

import os
import subprocess
from pathlib import Path

from driftloop.base.errors import DriftloopError, WorkspaceError
from tasks.runtime.redaction import redact

_AUTHOR = {"NAME": "driftloop", "EMAIL": "driftloop@localhost"}
OTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
"""Variables by which a hook of another repository would send Git there."""


def git(
    root: Path,
    *words: str,
    identity: dict[str, str] | None = None,
    error: type[DriftloopError] = WorkspaceError,
) -> str:
    """Return what Git prints.

    Raises:
        WorkspaceError: if there is no Git.
        DriftloopError: of the type `error`, if it fails.
    """
    code, printed, said = asked(root, *words, identity=identity)
    if code:
        text = " ".join((said or printed).split())[:300]
        raise error(f"git {_verb(words)} failed: {text or code}")
    return printed


def asked(root: Path, *words: str, identity: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Return Git's exit code, and what it printed on standard output and error.

    Git repeats the address of a remote, which may hold a password; that is blackened.

    Raises:
        WorkspaceError: if there is no Git.
    """
    known = {name: text for name, text in os.environ.items() if name not in OTHER_REPOSITORY}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and words of our own
            ["git", *words],  # noqa: S607 - Git is where the person has it
            cwd=root,
            env={**known, **(identity or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise WorkspaceError("Git is not installed; install it, driftloop needs it") from error
    return done.returncode, done.stdout.strip(), redact(done.stderr.strip())


def author(root: Path) -> dict[str, str]:
    """Return what is missing of the author's and committer's names, as environment variables."""
    found = {}
    for part, fallback in _AUTHOR.items():
        known = git(root, "config", "--default", "", "--get", f"user.{part.lower()}")
        for role in ("AUTHOR", "COMMITTER"):
            variable = f"GIT_{role}_{part}"
            if not known and variable not in os.environ:
                found[variable] = fallback
    return found


def _verb(words: tuple[str, ...]) -> str:
    return next((word for word in words if "." not in word and not word.startswith("-")), words[0])
