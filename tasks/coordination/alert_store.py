"""The alerts of a model as a shared document."""

import json
from collections.abc import Callable
from typing import TypeVar

from driftloop.alerts.incident import AlertState
from driftloop.base.errors import DataError, DriftloopError
from driftloop.base.serialize import to_json
from tasks.coordination.documents import Documents, change_document
from tasks.coordination.place import document_of

T = TypeVar("T")


def read_alerts(documents: Documents, model: str) -> AlertState:
    """Return the alerts of a model, empty ones where nothing has happened yet.

    Raises:
        DriftloopError: if the stored document cannot be read.
    """
    return _state(model, *documents.read(document_of(model)))


def change_alerts(
    documents: Documents, model: str, function: Callable[[AlertState], AlertState]
) -> AlertState:
    """Change the alerts of a model by a function, which may be called several times."""
    return update_alerts(documents, model, lambda old: (new := function(old), new))


def update_alerts(
    documents: Documents, model: str, function: Callable[[AlertState], tuple[AlertState, T]]
) -> T:
    """Change the alerts of a model as `change_alerts` does, and return a further result."""

    def changed(text: str | None) -> tuple[str | None, T]:
        old = _state(model, 0, text)
        new, result = function(old)
        return (text if new == old else to_json(new)), result

    return change_document(documents, document_of(model), changed)


def _state(model: str, revision: int, text: str | None) -> AlertState:
    if not text:
        return AlertState()
    try:
        return AlertState.from_dict(json.loads(text))
    except (ValueError, DataError) as error:
        raise DriftloopError(
            f"The stored alerts of {model} (document {document_of(model)}, revision {revision}) "
            f"cannot be read ({error}); restore or delete it, see 'State of alerts' in "
            "docs/troubleshooting.md"
        ) from error
