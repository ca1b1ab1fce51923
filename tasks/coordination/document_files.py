"""Documents as files: one file per revision, created atomically."""

import os
import tempfile
from pathlib import Path

from driftloop.base.errors import ConflictError, WorkspaceError
from tasks.coordination.file_lock import file_lock

_DIGITS = 10
LOCK_SECONDS = 10


class FileDocuments:
    """Documents in a folder, for one machine; see `tasks.coordination.documents.Documents`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> tuple[int, str | None]:
        while True:
            newest = max(self._revisions(name), default=0)
            if newest == 0:
                return 0, None
            try:
                return newest, self._path(name, newest).read_bytes().decode()
            except FileNotFoundError:  # a newer one was made meanwhile, and this one removed
                continue

    def read_all(self) -> dict[str, tuple[int, str | None]]:
        """Return the newest revision of every document, with one look at the folder."""
        newest: dict[str, int] = {}
        documents: dict[str, tuple[int, str | None]] = {}
        for path in self._folder.glob(f"*.{'[0-9]' * _DIGITS}.json"):
            name, revision = path.name.rsplit(".", 2)[0], int(path.name.split(".")[-2])
            newest[name] = max(revision, newest.get(name, 0))
        for name, revision in newest.items():
            try:
                documents[name] = revision, self._path(name, revision).read_bytes().decode()
            except FileNotFoundError:  # a newer one was made meanwhile
                documents[name] = self.read(name)
        return documents

    def write(self, name: str, after: int, text: str) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with file_lock(self._folder / f".{name}.lock", LOCK_SECONDS, 0.02):
                created = self._follow(name, after, text)
        except TimeoutError:  # before OSError, which it is a kind of
            created = False
        except OSError as error:
            raise WorkspaceError(
                f"{self._folder}: cannot be written ({error.strerror}); free disk space or make "
                "the folder writable"
            ) from error
        if not created:
            raise ConflictError(f"{name} was changed by another run; try again")

    def _follow(self, name: str, after: int, text: str) -> bool:
        """Create a revision unless there is a newer one, and remove those before it.

        Done under a lock: otherwise another writer could build upon the new revision before this
        one has checked, and removing it would undo nothing and make the change twice.
        """
        existing = self._revisions(name)
        if max(existing, default=0) > after or not self._create(self._path(name, after + 1), text):
            return False
        for old in existing:
            self._path(name, old).unlink(missing_ok=True)
        return True

    def _create(self, path: Path, text: str) -> bool:
        """Write atomically, even if the machine stops; return whether this writer was first."""
        descriptor, draft = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            Path(draft).unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

    def _path(self, name: str, revision: int) -> Path:
        return self._folder / f"{name}.{revision:0{_DIGITS}d}.json"

    def _revisions(self, name: str) -> list[int]:
        paths = self._folder.glob(f"{name}.{'[0-9]' * _DIGITS}.json")
        return [int(path.name.split(".")[-2]) for path in paths]
