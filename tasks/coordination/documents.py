"""Shared documents with compare-and-set: state that all workers share, such as open incidents.

A document is a series of revisions. To change it is to create the next revision, which only one of
several writers can do; the others read again and repeat their change. With a Prefect server the
revisions are Prefect variables, which every worker sees; without one they are files in the state
folder.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from driftloop.base.errors import ConflictError
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from tasks.coordination.place import Place, document_of, documents_at, learn_places, place_of

T = TypeVar("T")
ATTEMPTS = 30


class Documents(Protocol):
    """A store of documents.

    Every method raises `UnavailableError` where the store does not answer, and `WorkspaceError`
    where it cannot be written.
    """

    def read(self, name: str) -> tuple[int, str | None]:
        """Return the newest revision's number and text; 0 and None where there is none."""

    def write(self, name: str, after: int, text: str) -> None:
        """Create the revision that follows the one numbered `after`.

        Raises:
            ConflictError: if another writer has created it.
        """


class _PlacedDocuments:
    """Documents of all models of a workspace, each at the place that the registry names."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def read(self, name: str) -> tuple[int, str | None]:
        return documents_at(self._workspace, self._place(name)).read(name)

    def write(self, name: str, after: int, text: str) -> None:
        documents_at(self._workspace, self._place(name)).write(name, after, text)

    def _place(self, name: str) -> Place:
        return place_of(self._workspace, name.removeprefix(document_of("")))


class _AllDocuments(_PlacedDocuments):
    """The same, for who reads those of many models: each place is read once, as a whole."""

    def __init__(self, workspace: Workspace, tags: Mapping[str, ModelTags]) -> None:
        super().__init__(workspace)
        self._tags = tags
        self._found: dict[Place, dict[str, tuple[int, str | None]]] = {}

    def read(self, name: str) -> tuple[int, str | None]:
        place = self._place(name)
        if place not in self._found:
            self._found[place] = documents_at(self._workspace, place).read_all()
        revision, text = self._found[place].get(name, (0, None))
        return super().read(name) if revision and text is None else (revision, text)

    def _place(self, name: str) -> Place:
        if self._tags:
            learn_places(self._workspace, self._tags)
            self._tags = {}
        return super()._place(name)


def open_documents(workspace: Workspace) -> Documents:
    """Return the store that all workers of this workspace's registry share.

    To use a model's document raises `PlaceError` where another server or folder keeps it.
    """
    return _PlacedDocuments(workspace)


def all_documents(workspace: Workspace, tags: Mapping[str, ModelTags]) -> Documents:
    """Return the same store as it is now, read as a whole; `tags` are those of its models."""
    return _AllDocuments(workspace, tags)


def change_document(
    documents: Documents, name: str, function: Callable[[str | None], tuple[str | None, T]]
) -> T:
    """Change a document by a function of its text, and try again while others change it.

    The function returns the new text and a further result; it may be called several times.

    Raises:
        ConflictError: if others changed it first at every attempt.
    """
    for attempt in range(ATTEMPTS):
        revision, text = documents.read(name)
        changed, result = function(text)
        if changed is None or changed == text:
            return result
        try:
            documents.write(name, revision, changed)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311 - no secret
        else:
            return result
    raise AssertionError("the last attempt returns or raises")
