"""Documents as Prefect variables: one per revision, whose name only one writer can take.

Prefect's own update of a variable is last-writer-wins; that a name is unique is what makes
compare-and-set. A value holds 5,000 characters, so a long text is compressed and, if that is not
enough, split over several variables that the revision lists. The server takes a fifth of a second
to delete a variable, so the fewer there are the better.

A revision is found by its tags, the name of its document among them, and then by its whole name: a
pattern of the name would also find every model whose name begins alike.

A revision is tagged with the marks of the newest changes that led to it. A writer that reads
another revision by then, or whose response was lost, sees by its mark whether it holds its change.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import uuid4

from driftloop.base.errors import ConflictError, UnavailableError
from tasks.runtime.prefect_api import plain_client

if TYPE_CHECKING:
    import httpx
    from prefect.client.orchestration import SyncPrefectClient

    _Client = SyncPrefectClient | httpx.Client

T = TypeVar("T")
_PREFIX = "driftloop"
_MAX_CHARACTERS = 4500
_DIGITS = 10
_PAGE = 200
_SERVER = f"{_PREFIX}_server"
_PART = f"{_PREFIX}_part_"
_ORPHANED = timedelta(hours=1)
_TRIES = 5
_MARKS = 30
_MARK = re.compile(r"by-[0-9a-f]{12}")


class _Revision(NamedTuple):
    value: Any
    marks: tuple[str, ...]


class VariableDocuments:
    """Documents on the Prefect server, for all workers; see `tasks.coordination.documents`.

    The scope keeps the documents of one registry apart from those of another.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._marks: dict[tuple[str, int], tuple[str, ...]] = {}

    def read(self, name: str) -> tuple[int, str | None]:
        return _with_reader(lambda client: self._read(client, name))

    def read_all(self) -> dict[str, tuple[int, str | None]]:
        """Return the newest revision of every document, from a few pages of variables.

        One that is so long that it is in parts has no text here, and is to be read by itself.
        """
        return _with_reader(self._read_all)

    def write(self, name: str, after: int, text: str) -> None:
        mark = f"by-{uuid4().hex[:12]}"
        marks = (*self._marks.get((name, after), ()), mark)[-_MARKS:]
        with _client() as client:
            value, own_name = _pack(client, name, text), self._name(name, after + 1)
            created = _create(client, own_name, name, value, marks)
            variables = _of_document(client, name)
            revisions = self._revisions(variables, name)
            if not revisions or mark not in revisions[max(revisions)].marks:
                # Another writer had the name, or this one was so late that it was free again.
                if created:
                    _delete(client, own_name)
                _delete_parts(client, value)
                raise ConflictError(f"{name} was changed by another run; try again")
            for old in sorted(revisions):
                if old <= after:
                    _delete(client, self._name(name, old))
                    _delete_parts(client, revisions[old].value)
            for part in _orphans(variables):
                _delete(client, part)

    def _read(self, client: "_Client", name: str) -> tuple[int, str | None]:
        for _ in range(_TRIES):
            revisions = self._revisions(_of_document(client, name), name)
            if not revisions:
                return 0, None
            newest = max(revisions)
            text = _unpack(client, revisions[newest].value)
            if text is not None:
                self._marks[name, newest] = revisions[newest].marks
                return newest, text
        raise UnavailableError(
            f"the Prefect variables of {name} are incomplete; try again, and if that does not "
            f"help delete {self._name(name, newest)}"
        )

    def _read_all(self, client: "_Client") -> dict[str, tuple[int, str | None]]:
        own = re.compile(rf"{_PREFIX}_{re.escape(self._scope)}_(.+)_(\d{{{_DIGITS}}})")
        newest: dict[str, tuple[int, Any]] = {}
        for variable in _variables(client, {"tags": {"all_": [_PREFIX]}}):
            if match := own.fullmatch(variable["name"]):
                revision = int(match[2]), variable["value"]
                newest[match[1]] = max(newest.get(match[1], (0, None)), revision, key=_number)
        return {
            name: (number, None if _in_parts(value) else _unpack(client, value))
            for name, (number, value) in newest.items()
        }

    def _name(self, name: str, revision: int) -> str:
        return f"{_PREFIX}_{self._scope}_{name}_{revision:0{_DIGITS}d}"

    def _revisions(self, variables: list[Any], name: str) -> dict[int, _Revision]:
        stem = f"{_PREFIX}_{self._scope}_{name}_"
        own = re.compile(rf"{re.escape(stem)}(\d{{{_DIGITS}}})")
        revisions = {}
        for variable in variables:
            if match := own.fullmatch(variable["name"]):
                marks = tuple(filter(_MARK.fullmatch, variable["tags"]))
                revisions[int(match[1])] = _Revision(variable["value"], marks)
        return revisions


def _number(revision: tuple[int, Any]) -> int:
    return revision[0]


def _in_parts(value: Any) -> bool:
    return isinstance(value, dict) and "parts" in value


def _with_reader(read: "Callable[[_Client], T]") -> T:
    """Return what a function reads with a plain client; what that cannot do, Prefect's own may."""
    import httpx

    if (plain := plain_client()) is not None:
        with suppress(httpx.HTTPError), plain:
            return read(plain)
    with _client() as client:
        return read(client)


def server_id() -> str:
    """Return what tells the configured Prefect server from any other, whatever its address is.

    Raises:
        UnavailableError: if the server does not answer.
    """
    import httpx

    if (plain := plain_client()) is not None:
        with suppress(httpx.HTTPError), plain:  # as above, and it may not have one yet
            for variable in _variables(plain, {"name": {"any_": [_SERVER]}}):
                return str(variable["value"])
    with _client() as client:
        _create(client, _SERVER, "server", uuid4().hex)
        (variable,) = _variables(client, {"name": {"any_": [_SERVER]}})
        return str(variable["value"])


def _of_document(client: "_Client", name: str) -> list[Any]:
    """Return all variables of a document, also those of other registries' with its name."""
    return _variables(client, {"tags": {"all_": [_PREFIX, name]}})


def _orphans(variables: list[Any]) -> list[str]:
    """Return parts that no revision lists: of a writer that was killed before it made its own.

    A younger one may belong to a writer that is about to.
    """
    values = [variable["value"] for variable in variables]
    listed = {
        part for value in values if isinstance(value, dict) for part in value.get("parts", ())
    }
    newest = datetime.now(UTC) - _ORPHANED
    return [
        variable["name"]
        for variable in variables
        if variable["name"].startswith(_PART)
        and variable["name"] not in listed
        and datetime.fromisoformat(variable["created"]) < newest
    ]


def _variables(client: "_Client", wanted: dict[str, Any]) -> list[Any]:
    """Return all variables of a filter, which the server gives in pages."""
    variables: list[Any] = []
    while True:
        body = {"variables": wanted, "sort": "NAME_DESC", "limit": _PAGE, "offset": len(variables)}
        page = client.request("POST", "/variables/filter", json=body).json()
        variables += page
        if len(page) < _PAGE:
            return variables


def _pack(client: "SyncPrefectClient", name: str, text: str) -> Any:
    if len(json.dumps(text)) <= _MAX_CHARACTERS:
        return text
    packed = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
    if len(packed) <= _MAX_CHARACTERS:
        return {"packed": packed}
    names = []
    for start in range(0, len(packed), _MAX_CHARACTERS):
        part = f"{_PART}{uuid4().hex}"
        _create(client, part, name, packed[start : start + _MAX_CHARACTERS])
        names.append(part)
    return {"parts": names}


def _unpack(client: "_Client", value: Any) -> str | None:
    """Return the text of a revision, or None where a part of it is gone."""
    if isinstance(value, str):
        return value
    packed = value.get("packed")
    if packed is None:
        names = value["parts"]
        values = {
            part["name"]: part["value"] for part in _variables(client, {"name": {"any_": names}})
        }
        if len(values) < len(names):
            return None
        packed = "".join(str(values[part]) for part in names)
    return zlib.decompress(base64.b85decode(packed)).decode()


def _create(
    client: "SyncPrefectClient", name: str, document: str, value: Any, marks: tuple[str, ...] = ()
) -> bool:
    """Create a variable and return whether the name was free; one that exists stays as it is."""
    from prefect.client.schemas.actions import VariableCreate
    from prefect.exceptions import ObjectAlreadyExists

    variable = VariableCreate(name=name, value=value, tags=[_PREFIX, document, *marks])
    try:
        client.create_variable(variable)
    except ObjectAlreadyExists:
        return False
    return True


def _delete_parts(client: "SyncPrefectClient", value: Any) -> None:
    for part in value.get("parts", ()) if isinstance(value, dict) else ():
        _delete(client, part)


def _delete(client: "SyncPrefectClient", name: str) -> None:
    from prefect.exceptions import ObjectNotFound

    with suppress(ObjectNotFound):
        client.delete_variable_by_name(name)


@contextmanager
def _client() -> "Iterator[SyncPrefectClient]":
    import httpx
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPError as error:
        raise UnavailableError(
            "the Prefect server can neither be read nor written for the state of alerts "
            f"({type(error).__name__}); nothing is lost, run it again when the server answers"
        ) from error
