"""A server that asks for a password: one error before anything is done, with what to source."""

import base64
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import UNAUTHENTICATED
from peers.http_peer import Answer, HttpPeer
from prefect.settings import PREFECT_API_AUTH_STRING, temporary_settings

from driftloop.base.errors import AccessError, UnavailableError
from driftloop.base.workspace import Workspace
from tasks.registry.mlflow_calls import registry_errors
from tasks.runtime import server_access
from tasks.runtime.preflight import check_services

RIGHT = "driftloop:let-me-in"


class Asking(HttpPeer):
    """Answers who has the password, as Prefect's server and MLflow's do."""

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        wanted = f"Basic {base64.b64encode(RIGHT.encode()).decode()}"
        return Answer(200 if headers.get("Authorization") == wanted else 401, "")


@pytest.fixture
def server() -> Iterator[str]:
    with Asking() as peer:
        yield peer.root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace in whose shell nothing is set, and a home without files of credentials."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "DRIFTLOOP_STATE"):
        monkeypatch.delenv(name, raising=False)
    return Workspace(tmp_path)


def check_refused(place: Workspace, who: str, *variables: str) -> None:
    with pytest.raises(AccessError) as caught:
        check_services(place)
    said = str(caught.value)
    assert said.startswith(who)
    assert f"run 'source {place.root}/.driftloop/stack/env' in this shell" in said
    assert all(variable in said for variable in variables)
    assert "wrong-one" not in said


@pytest.mark.parametrize("given", [None, "driftloop:wrong-one"])
def test_prefect_refuses(
    place: Workspace, server: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{server}/api")
    if given:
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", given)
    check_refused(place, f"the Prefect server at {server}/api", "PREFECT_API_AUTH_STRING")


@pytest.mark.parametrize("given", [None, "wrong-one"])
def test_mlflow_refuses(
    place: Workspace, server: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    if given:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "driftloop")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", given)
    names = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    check_refused(place, f"MLflow at {server}", *names)


def test_who_has_the_password_goes_on(
    place: Workspace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{server}/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", RIGHT)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "driftloop")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "let-me-in")
    check_services(place)


def test_so_does_who_keeps_it_where_prefect_and_mlflow_look(
    place: Workspace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Prefect profile, and MLflow's own file."""
    monkeypatch.setenv("PREFECT_API_URL", f"{server}/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    file = place.root / ".mlflow" / "credentials"
    file.parent.mkdir()
    user, _, password = RIGHT.partition(":")
    file.write_text(
        f"[mlflow]\nmlflow_tracking_username = {user}\nmlflow_tracking_password = {password}\n"
    )
    with temporary_settings({PREFECT_API_AUTH_STRING: RIGHT}):
        check_services(place)


def test_a_password_that_changed_in_mid_run_is_told_the_same_way(place: Workspace) -> None:
    with pytest.raises(AccessError, match=r"run 'source .*/stack/env'"), registry_errors(place):
        raise MlflowException("failed with error code 401", error_code=UNAUTHENTICATED)


@pytest.mark.parametrize("variable", ["PREFECT_API_URL", "MLFLOW_TRACKING_URI"])
def test_a_server_that_takes_the_call_and_is_silent(
    place: Workspace, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_access, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv(variable, address)
        with pytest.raises(UnavailableError, match=rf"{address}/.* does not answer within 0 s"):
            check_services(place)
