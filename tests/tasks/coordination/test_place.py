"""One place keeps a model's locks and alerts, whatever shell asks for them."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from workshop import small_config, write_config

from driftloop.alerts.posts import mute
from driftloop.base.errors import PlaceError, RegistryError
from driftloop.base.periods import parse_time
from driftloop.base.tags import ModelTags
from driftloop.base.workspace import Workspace
from tasks.coordination import place
from tasks.coordination.alert_store import change_alerts, read_alerts
from tasks.coordination.document_variables import VariableDocuments, _create
from tasks.coordination.documents import open_documents
from tasks.coordination.place import bind, place_of, rehome
from tasks.coordination.slots import delivery_slot, snapshot_slot
from tasks.registry.mlflow import MlflowRegistry
from tasks.runtime.job import load_job

UNTIL = parse_time("2027-01-01")


@pytest.fixture
def here(tmp_path: Path, empty_registry: Path) -> Workspace:
    """A workspace whose model is registered and bound to nothing yet."""
    folder = tmp_path / "here"
    shutil.copytree(empty_registry, folder / empty_registry.name)
    write_config(folder, small_config())
    MlflowRegistry(Workspace(folder)).client.create_registered_model("payments")
    return Workspace(folder)


@pytest.fixture
def without_server(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Leaves the stack's environment, as another shell does that did not source it."""

    def leave() -> None:
        monkeypatch.delenv("PREFECT_API_URL")
        place._BOUND.clear()

    return leave


@pytest.fixture
def another_server(prefect_server: str) -> Iterator[Callable[[], None]]:
    """Makes the server one that was never met: it is known by what it holds, not by its address."""
    with get_client(sync_client=True) as client:
        known = client.read_variable_by_name("driftloop_server")

        def forget() -> None:
            client.delete_variable_by_name("driftloop_server")
            place._BOUND.clear()

        yield forget
        client.delete_variable_by_name("driftloop_server")
        if known is not None:
            _create(client, known.name, "server", known.value)


def muted(workspace: Workspace) -> bool:
    return read_alerts(open_documents(workspace), "payments").muted_until == UNTIL


def set_mute(workspace: Workspace) -> None:
    change_alerts(open_documents(workspace), "payments", lambda old: mute(old, UNTIL, "Ana"))


def test_a_shell_without_the_environment_is_refused_in_a_line(
    here: Workspace, prefect_server: str, without_server: Callable[[], None]
) -> None:
    set_mute(here)
    without_server()
    slot = delivery_slot(here, "payments")
    for use in (lambda: set_mute(here), lambda: muted(here), slot.__enter__):
        with pytest.raises(PlaceError) as error:
            use()
        line = str(error.value)
        assert f"kept by the Prefect server at {prefect_server}, and this shell uses none" in line
        assert f"source {here.state.resolve()}/" in line
        assert f"PREFECT_API_URL={prefect_server}" in line
        assert "\n" not in line
    with snapshot_slot(load_job("payments", workspace=here.root)):
        pass  # is of the data, not of the registry


def test_a_command_says_so_too(
    here: Workspace, prefect_server: str, without_server: Callable[[], None], run_cli: Any
) -> None:
    place_of(here, "payments")
    without_server()
    done = run_cli("status", "-w", str(here.root))
    assert done.returncode == 2
    assert "kept by the Prefect server" in done.stderr
    assert "source" in done.stderr


def test_another_server_is_refused_until_it_adopts(
    here: Workspace, another_server: Callable[[], None]
) -> None:
    set_mute(here)
    another_server()
    with pytest.raises(PlaceError, match="this shell uses another one"):
        muted(here)
    rehomed = rehome(here, "payments")
    assert "from now on" in rehomed.sentence
    assert muted(here), "the same database, only its name was lost"


def test_the_stack_takes_over_what_was_in_the_folder(
    here: Workspace, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.delenv("PREFECT_API_URL")
        set_mute(here)
        assert not place_of(here, "payments").server
    assert muted(here)
    assert place_of(here, "payments").server
    monkeypatch.delenv("PREFECT_API_URL")
    place._BOUND.clear()
    with pytest.raises(PlaceError):
        muted(here)


def test_the_folder_of_another_machine_is_not_taken_over(
    here: Workspace, prefect_server: str, without_server: Callable[[], None]
) -> None:
    registry = MlflowRegistry(here)
    bind(registry, "payments", place.Place("else", "/state on laptop", "12345678", False))
    with pytest.raises(PlaceError, match=r"kept in /state on laptop, not in .*driftloop rehome"):
        muted(here)
    without_server()
    with pytest.raises(PlaceError, match="set DRIFTLOOP_STATE to that folder"):
        muted(here)
    assert rehome(here, "payments").model == "payments"
    assert not muted(here)


@pytest.mark.parametrize("server", [True, False])
def test_a_workspace_that_was_moved_keeps_its_state(
    server: bool, here: Workspace, prefect_server: str, without_server: Callable[[], None]
) -> None:
    if not server:
        without_server()
    set_mute(here)
    scope = place_of(here, "payments").scope
    moved = Workspace(Path(shutil.move(here.root, here.root.parent / "there")))
    assert muted(moved)
    assert place_of(moved, "payments").scope == scope


def test_a_tag_that_somebody_spoilt_is_written_anew(here: Workspace, prefect_server: str) -> None:
    registry = MlflowRegistry(here)
    registry.tag_model("payments", ModelTags(place="{nonsense"))
    set_mute(here)
    assert muted(here)
    assert str(registry.model_tags("payments").place).startswith('{"id"')


def test_a_model_that_is_not_registered_is_bound_later(tmp_path: Path, prefect_server: str) -> None:
    place_of(Workspace(tmp_path), "payments")
    with pytest.raises(RegistryError, match="not registered yet"):
        rehome(Workspace(tmp_path), "payments")
    registry = MlflowRegistry(Workspace(tmp_path))
    registry.client.create_registered_model("payments")
    assert place_of(Workspace(tmp_path), "payments").server
    assert registry.model_tags("payments").place is not None


def test_no_password_of_the_address_is_kept(
    here: Workspace, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.replace("://", "://me:secret@"))
    place_of(here, "payments")
    with sqlite3.connect(here.state / "mlflow.db") as store:
        (kept,) = store.execute("select value from registered_model_tags").fetchone()
    assert prefect_server in kept
    assert "secret" not in kept


def test_300_models_whose_names_begin_alike(prefect_server: str) -> None:
    """A pattern of the name would find all of them, and a page of 200 leave some out."""
    documents = VariableDocuments("thronged")
    documents.write("alerts_pay", 0, "mine")
    with get_client(sync_client=True) as client:
        for number in range(300):
            name = f"alerts_pay_{number:03d}"
            _create(client, f"driftloop_thronged_{name}_0000000001", name, "theirs")
    assert documents.read("alerts_pay") == (1, "mine")
    documents.write("alerts_pay", 1, "mine still")
    assert documents.read("alerts_pay") == (2, "mine still")
    assert documents.read("alerts_pay_299") == (1, "theirs")


def test_more_revisions_than_a_page_holds(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = VariableDocuments("paged")
    with get_client(sync_client=True) as client:
        for number in range(1, 8):
            _create(client, f"driftloop_paged_alerts_pay_{number:010d}", "alerts_pay", str(number))
    monkeypatch.setattr("tasks.coordination.document_variables._PAGE", 3)
    assert documents.read("alerts_pay") == (7, "7")
