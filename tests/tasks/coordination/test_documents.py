"""What holds for shared documents, wherever they are kept."""

import multiprocessing
import os
import random
import string
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.base.errors import ConflictError, DriftloopError, UnavailableError, WorkspaceError
from driftloop.base.workspace import Workspace
from tasks.coordination import document_variables
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.document_files import FileDocuments
from tasks.coordination.document_variables import VariableDocuments
from tasks.coordination.documents import Documents, change_document, open_documents
from tasks.coordination.place import documents_at, place_of

WRITERS, TURNS = 3, 8


@pytest.fixture(params=["files", "variables"])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, prefect_server: str
) -> Callable[[], Documents]:
    """Opens the same store anew, as another process does."""
    if request.param == "files":
        return lambda: FileDocuments(tmp_path / "documents")
    scope = "".join(random.choices(string.ascii_lowercase, k=8))
    return lambda: VariableDocuments(scope)


def test_a_document_that_is_not_there(make: Callable[[], Documents]) -> None:
    assert make().read("alerts_payments") == (0, None)


def test_revisions_follow_each_other(make: Callable[[], Documents]) -> None:
    documents = make()
    documents.write("alerts_payments", 0, "one")
    documents.write("alerts_payments", 1, "two €")
    assert make().read("alerts_payments") == (2, "two €")


def test_all_are_read_together(make: Callable[[], Any]) -> None:
    documents = make()
    long = "".join(random.choices(string.printable, k=20_000))
    for revision, text in enumerate(("one", "two €", long)):
        documents.write("alerts_payments", revision, text)
    documents.write("alerts_payments-de", 0, "other")
    found = make().read_all()
    assert found == {
        "alerts_payments": (3, found["alerts_payments"][1]),
        "alerts_payments-de": (1, "other"),
    }
    assert found["alerts_payments"][1] in (long, None), "one in parts is to be read by itself"


def test_only_one_of_two_writers_gets_a_revision(make: Callable[[], Documents]) -> None:
    documents, other = make(), make()
    documents.write("alerts_payments", 0, "one")
    other.write("alerts_payments", 1, "theirs")
    with pytest.raises(ConflictError):
        documents.write("alerts_payments", 1, "mine")
    assert documents.read("alerts_payments") == (2, "theirs")


def test_a_writer_that_slept_for_long_gets_none(make: Callable[[], Documents]) -> None:
    """Old revisions are removed, so that their numbers are free again."""
    documents = make()
    for revision in range(6):
        documents.write("alerts_payments", revision, str(revision))
    with pytest.raises(ConflictError):
        documents.write("alerts_payments", 2, "long ago")
    assert documents.read("alerts_payments") == (6, "5")
    documents.write("alerts_payments", 6, "6")
    assert documents.read("alerts_payments") == (7, "6")


@pytest.mark.parametrize("letters", ["ab", string.printable + "äöü€"], ids=["dull", "wild"])
@pytest.mark.parametrize("length", [4_400, 5_100, 100_000])
def test_long_texts_come_back_whole(
    make: Callable[[], Documents], length: int, letters: str
) -> None:
    text = "".join(random.Random(0).choices(letters, k=length))
    documents = make()
    for revision in range(2):
        documents.write("alerts_payments", revision, f"{revision}{text}")
    assert make().read("alerts_payments") == (2, f"1{text}")


def test_parts_of_a_writer_that_was_killed_are_removed(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those of another registry's document with the same name are not."""
    text = "".join(random.Random(0).choices(string.printable, k=20_000))
    ours, theirs = (
        VariableDocuments("".join(random.choices(string.ascii_lowercase, k=8))) for _ in range(2)
    )
    theirs.write("alerts_orphans", 0, text)
    with document_variables._client() as client:
        document_variables._pack(client, "alerts_orphans", text)
        everything = {"tags": {"all_": ["driftloop", "alerts_orphans"]}}
        left = len(document_variables._variables(client, everything))
        ours.write("alerts_orphans", 0, "young ones are left")
        assert len(document_variables._variables(client, everything)) == left + 1
        monkeypatch.setattr(document_variables, "_ORPHANED", timedelta(0))
        ours.write("alerts_orphans", 1, "one")
        assert len(document_variables._variables(client, everything)) == (left - 1) // 2 + 2
    assert theirs.read("alerts_orphans") == (1, text)


def test_names_that_begin_alike_are_apart(make: Callable[[], Documents]) -> None:
    documents = make()
    names = "alerts_pay", "alerts_pay_0000000001", "alerts_pay-ments", "alerts__digest"
    for name in names:
        documents.write(name, 0, name)
    assert [documents.read(name) for name in names] == [(1, name) for name in names]


def test_change_is_made_anew_when_another_was_first(make: Callable[[], Documents]) -> None:
    documents, seen = make(), []

    def add(text: str | None) -> tuple[str, str]:
        seen.append(text)
        if len(seen) == 1:
            make().write("alerts_payments", 0, "theirs")
        return f"{text}+mine", "done"

    assert change_document(documents, "alerts_payments", add) == "done"
    assert seen == [None, "theirs"]
    assert documents.read("alerts_payments") == (2, "theirs+mine")


def test_a_change_that_others_have_built_upon_already_is_made_once(prefect_server: str) -> None:
    """Another writer is so quick that this one finds a newer revision than its own."""
    first, other = VariableDocuments("quick"), VariableDocuments("quick")
    ask = first._revisions

    def late(*arguments: Any) -> Any:
        first._revisions = ask  # type: ignore[method-assign]
        change_document(other, "alerts_payments", lambda text: (f"{text} theirs", None))
        return ask(*arguments)

    def slow(text: str | None) -> tuple[str, None]:
        first._revisions = late  # type: ignore[method-assign]
        return "mine", None

    change_document(first, "alerts_payments", slow)
    assert other.read("alerts_payments") == (2, "mine theirs")


def test_a_change_whose_answer_was_lost_is_made_once(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client asks again, and is told that the name is taken: by itself."""
    documents = VariableDocuments("lost")
    create = document_variables._create

    def twice(*arguments: Any) -> bool:
        assert create(*arguments)
        return create(*arguments)

    monkeypatch.setattr(document_variables, "_create", twice)
    change_document(documents, "alerts_payments", lambda text: ((text or "") + "x", None))
    assert documents.read("alerts_payments") == (1, "x")


def test_change_that_changes_nothing_writes_nothing(make: Callable[[], Documents]) -> None:
    documents = make()
    assert change_document(documents, "alerts_payments", lambda text: (text, 7)) == 7
    assert documents.read("alerts_payments") == (0, None)


def _count(make: Any, name: str) -> None:
    for _ in range(TURNS):
        change_document(make(), name, lambda text: (str(int(text or 0) + 1), None))


def _count_files(folder: Path) -> None:
    _count(lambda: FileDocuments(folder), "counter")


def _count_variables(scope: str) -> None:
    _count(lambda: VariableDocuments(scope), "counter")


def _run(target: Any, argument: Any) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target, args=(argument,)) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS


def test_no_change_is_lost_between_processes_on_files(tmp_path: Path) -> None:
    _run(_count_files, tmp_path)
    assert FileDocuments(tmp_path).read("counter")[1] == str(WRITERS * TURNS)
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_no_change_is_lost_between_processes_on_the_server(prefect_server: str) -> None:
    scope = "".join(random.choices(string.ascii_lowercase, k=8))
    _run(_count_variables, scope)
    assert VariableDocuments(scope).read("counter")[1] == str(WRITERS * TURNS)


def test_the_server_is_asked_where_there_is_one(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Workspace(tmp_path)
    assert isinstance(documents_at(place, place_of(place, "payments")), VariableDocuments)
    monkeypatch.delenv("PREFECT_API_URL")
    assert isinstance(documents_at(place, place_of(place, "payments")), FileDocuments)


def test_registries_have_documents_of_their_own(prefect_server: str, tmp_path: Path) -> None:
    first, second = (open_documents(Workspace(tmp_path / name)) for name in "ab")
    first.write("alerts_payments", 0, "one")
    assert second.read("alerts_payments") == (0, None)


def test_reading_needs_no_client_of_prefects(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = VariableDocuments("".join(random.choices(string.ascii_lowercase, k=8)))
    long = "".join(random.choices(string.printable, k=20_000))  # several variables, compressed
    documents.write("alerts_payments", 0, long)
    for name in [name for name in os.environ if name.startswith("PREFECT_CLIENT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(document_variables, "_client", None)
    assert documents.read("alerts_payments") == (1, long)


def test_what_the_plain_client_cannot_read_prefects_own_does(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = VariableDocuments("".join(random.choices(string.ascii_lowercase, k=8)))
    documents.write("alerts_payments", 0, "one")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert documents.read("alerts_payments") == (1, "one")


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    away = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(away), pytest.raises(UnavailableError, match="Prefect server"):
        VariableDocuments("abc").read("alerts_payments")


def test_a_folder_whose_place_is_taken(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        FileDocuments(tmp_path / "documents").write("alerts_payments", 0, "one")


@pytest.mark.parametrize("text", ["{", '{"incidents": 3}', "[]"])
def test_damaged_alerts_are_named(tmp_path: Path, text: str) -> None:
    documents = FileDocuments(tmp_path)
    documents.write("alerts_payments", 0, text)
    with pytest.raises(DriftloopError, match="alerts_payments"):
        read_alerts(documents, "payments")
    with pytest.raises(DriftloopError, match=r"docs/troubleshooting\.md"):
        change_alerts(documents, "payments", lambda old: old)
    assert documents.read("alerts_payments") == (1, text)
