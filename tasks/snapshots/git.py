"""Git in a process of its own: its output, or one line that says why not.

`WorkspaceError` is raised where Git is not installed.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from driftloop.base.errors import DriftloopError, WorkspaceError
from tasks.runtime.redaction import redact

_AUTHOR = {"NAME": "driftloop", "EMAIL": "driftloop@localhost"}
OTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
"""Variables by which a hook of another repository would send Git there."""


def git(
    root: Path,
    *words: str,
    identity: bool = False,
    error: type[DriftloopError] = WorkspaceError,
) -> str:
    """Return Git's output, or raise `error`; with `identity`, Git need not know the author."""
    code, output, message = try_git(root, *words, variables=author(root) if identity else {})
    if code:
        verb = next(word for word in words if "." not in word and not word.startswith("-"))
        raise error(f"git {verb} failed: {one_line(message or output) or code}")
    return output


def try_git(
    root: Path, *words: str, variables: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Return Git's exit code, and what it printed on standard output and error.

    Git repeats the address of a remote, which may hold a password; that is redacted.
    """
    known = {name: text for name, text in os.environ.items() if name not in OTHER_REPOSITORY}
    try:
        process = subprocess.run(  # noqa: S603 - no shell, and words of our own
            ["git", *words],  # noqa: S607 - Git is where the person has it
            cwd=root,
            env={**known, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise WorkspaceError("Git is not installed; install it, driftloop needs it") from error
    return process.returncode, process.stdout.strip(), redact(process.stderr.strip())


def one_line(message: str) -> str:
    """Return what Git said in one line, long enough for the advice that Git ends with."""
    return " ".join(message.split())[:1000]


def author(root: Path) -> dict[str, str]:
    """Return what is missing of the author's and committer's names, as environment variables."""
    missing = {}
    for part, fallback in _AUTHOR.items():
        if not git(root, "config", "--default", "", "--get", f"user.{part.lower()}"):
            variables = (f"GIT_AUTHOR_{part}", f"GIT_COMMITTER_{part}")
            missing.update({name: fallback for name in variables if name not in os.environ})
    return missing
