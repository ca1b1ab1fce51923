"""The one place that keeps a model's locks and its state of alerts, as the registry names it.

That is a Prefect server, or the state folder of one machine. Whoever works on the model has to use
the same, whatever shell they are in: a tag of the registered model names it, and a command that
would use another one is refused. The tag also keeps under which name the model's documents are
found, so that a workspace may be moved and a registry may get another address.
"""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import Field

from driftloop.base.errors import ConflictError, PlaceError, RegistryError, WorkspaceError
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import STACK_SHELL, STATE_VARIABLE, Workspace, unwritable_state
from tasks.coordination.document_files import FileDocuments
from tasks.coordination.document_variables import VariableDocuments, server_id
from tasks.registry.memory import in_memory
from tasks.registry.opening import open_registry
from tasks.registry.protocol import Registry
from tasks.runtime.prefect_api import own_server

FOLDER = "documents"
_ID = "id"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model's locks and alerts are kept.

    `id` tells a Prefect server or a state folder from any other, wherever it is found; `address` is
    for people; `scope` tells the documents of this registry from another's on the same server.
    """

    id: str
    address: str
    scope: str
    server: bool


def place_of(workspace: Workspace, model: str) -> Place:
    """Return the place of a model's locks and alerts; the first who asks binds the model to theirs.

    A model that was kept in this workspace's state folder moves to the Prefect server once there is
    one, with its state of alerts.

    Raises:
        PlaceError: if another Prefect server or another state folder keeps them.
    """
    if in_memory(workspace) is not None:
        return Place("", "", _scope(workspace), False)
    asked = workspace, model, own_server()
    if asked not in _BOUND:
        here, registry = _here(workspace), open_registry(workspace)
        bound = _bound(registry.model_tags(model))
        if bound is None and not registry.registered(model):
            return here  # to be bound once it is registered
        _BOUND[asked] = _agreed(workspace, model, bound, here)
    return _BOUND[asked]


_BOUND: dict[tuple[Workspace, str, str | None], Place] = {}
"""What this process was told already."""


def learn_places(workspace: Workspace, tags: Mapping[str, ModelTags]) -> None:
    """Take the places of many models from their tags, so that none of them is asked for again.

    Those that are kept elsewhere, or nowhere yet, are left to `place_of`.
    """
    here = _here(workspace)
    for model, own in tags.items():
        bound = _bound(own)
        if bound is not None and bound.id == here.id:
            _BOUND[workspace, model, own_server()] = replace(here, scope=bound.scope)


def _agreed(workspace: Workspace, model: str, bound: Place | None, here: Place) -> Place:
    """Return the place that is here, bound to it if need be and allowed."""
    place = here if bound is None else replace(here, scope=bound.scope)
    if bound is not None and bound.id == here.id:
        return place
    if bound is not None:
        if bound.server or not here.server or bound.id != _folder_id(workspace):
            raise PlaceError(_elsewhere(workspace, model, bound, here))
        _move(workspace, model, place)
    bind(open_registry(workspace), model, place)
    return place


@dataclass(frozen=True, slots=True)
class Rehomed:
    """Who keeps a model's locks and alerts from now on; ``driftloop rehome --json``."""

    model: str
    address: Annotated[str, Field(description="The Prefect server, or the folder and machine.")]
    sentence: str


def rehome(workspace: Workspace, model: str) -> Rehomed:
    """Let this shell's Prefect server, or this state folder, keep the model from now on.

    For when the place that kept it is gone for good: what it knew of incidents and waiting messages
    is lost, unless it was this workspace's own state folder.

    Raises:
        RegistryError: if the model is not registered.
    """
    here, registry = _here(workspace), open_registry(workspace)
    if not registry.registered(model):
        raise RegistryError(f"{model} is not registered yet: nobody keeps its locks and alerts")
    bound = _bound(registry.model_tags(model))
    here = replace(here, scope=bound.scope if bound else here.scope)
    if here.server:
        _move(workspace, model, here)
    bind(registry, model, here)
    _BOUND.clear()
    what = "the Prefect server at" if here.server else "the folder"
    sentence = f"The locks and alerts of {model} are kept by {what} {here.address} from now on."
    return Rehomed(model, here.address, sentence)


def bind(registry: Registry, model: str, place: Place) -> None:
    """Write into the registry where a model's locks and alerts are kept."""
    registry.tag_model(model, ModelTags(place=json.dumps(asdict(place))))


def documents_at(workspace: Workspace, place: Place) -> FileDocuments | VariableDocuments:
    """Return the documents that a place keeps."""
    return VariableDocuments(place.scope) if place.server else FileDocuments(_documents(workspace))


def document_of(model: str) -> str:
    """Return the name of the document that holds a model's alerts."""
    return f"alerts_{model}"


def _move(workspace: Workspace, model: str, place: Place) -> None:
    """Copy a model's alerts from the state folder to the server, unless it has some."""
    name = document_of(model)
    _, text = FileDocuments(_documents(workspace)).read(name)
    there = VariableDocuments(place.scope)
    if text is None or there.read(name)[0]:
        return
    try:
        there.write(name, 0, text)
    except ConflictError:  # another process has copied it just now
        return


def _bound(tags: ModelTags) -> Place | None:
    try:
        return Place(**json.loads(tags.place)) if tags.place else None
    except (TypeError, ValueError):  # an edited tag, which the next run that asks writes again
        return None


def _here(workspace: Workspace) -> Place:
    server = own_server()
    return _server(workspace, server) if server else _folder(workspace)


def _server(workspace: Workspace, api: str) -> Place:
    parts = urlsplit(api)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Place(server_id(), address, _scope(workspace), True)


def _folder(workspace: Workspace) -> Place:
    address = f"{workspace.state.resolve()} on {socket.gethostname()}"
    return Place(_folder_id(workspace), address, _scope(workspace), False)


def _folder_id(workspace: Workspace) -> str:
    """Return what tells this state folder from any other, also after it was moved."""
    path = _documents(workspace) / _ID
    draft = path.with_name(f".{_ID}-{uuid4().hex}")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(uuid4().hex)
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise WorkspaceError(unwritable_state(path.parent, error)) from error


def _documents(workspace: Workspace) -> Path:
    return workspace.state / FOLDER


def _scope(workspace: Workspace) -> str:
    """Return eight characters that distinguish the models of one registry from another's."""
    return sha256(workspace.tracking_uri.rstrip("/").encode()).hexdigest()[:8]


def _elsewhere(workspace: Workspace, model: str, bound: Place, here: Place) -> str:
    way_out = f"if that is gone for good, run 'driftloop rehome {model}'"
    if not bound.server:
        return (
            f"the locks and alerts of {model} are kept in {bound.address}, not in {here.address}: "
            f"work there, or set {STATE_VARIABLE} to that folder; {way_out}"
        )
    used = f"another one, at {here.address}" if here.server else "none"
    shell = workspace.state.resolve() / STACK_SHELL
    return (
        f"the locks and alerts of {model} are kept by the Prefect server at {bound.address}, and "
        f"this shell uses {used}: run 'source {shell}' if it is that of 'driftloop up', else set "
        f"PREFECT_API_URL={bound.address}; {way_out}"
    )
