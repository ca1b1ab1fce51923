"""A service fails in mid-run: the champion stays, a sentence says so, a rerun ends as it should."""

import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import move
from faults.forks import Zygote
from faults.state import champion_of, state_of
from peers.slack import SlackPeer

CALLS = (
    *((1, False), (4, True), (8, False), (12, False), (20, True)),
    *((25, True), (30, False), (37, True), (42, True), (46, True), (48, False)),
)
"""Which call of MLflow's client fails, and whether it had done before what was asked."""


@pytest.fixture(scope="module")
def undisturbed(
    first_template: Path, zygote_process: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = move(first_template, tmp_path_factory.mktemp("whole") / "first")
    with SlackPeer(channels=("#ml-alerts",)) as peer:
        env = {"SLACK_BOT_TOKEN": peer.token, "SLACK_API_URL": peer.api_url}
        assert "ok" in Zygote(zygote_process, env).run("retrain", folder)
        return state_of(folder, peer)


def check_sentence(failed: dict[str, Any], *parts: str) -> None:
    assert failed["error"] == "UnavailableError", failed
    assert "\n" not in failed["line"]
    for part in parts:
        assert part in failed["line"]


def without_orphans(state: dict[str, Any]) -> dict[str, Any]:
    """A model that was stored and whose answer was lost is stored again; no version names it."""
    return {name: value for name, value in state.items() if name != "models"}


@pytest.mark.parametrize(("call", "after"), CALLS)
def test_mlflow_breaks_off(
    call: int,
    after: bool,
    first: Path,
    zygote: Zygote,
    slack: SlackPeer,
    undisturbed: dict[str, Any],
) -> None:
    failed = zygote.run("retrain", first, {"how": "fail", "call": call, "after": after})
    check_sentence(failed, "MLflow at sqlite:", "does not answer: the server broke off")
    assert champion_of(first) in ("1", "2")
    again = zygote.run("retrain", first)
    assert "ok" in again, again["trace"]
    assert without_orphans(state_of(first, slack)) == without_orphans(undisturbed)


@pytest.mark.parametrize("write", [1, 2, 8])
def test_the_disk_is_full(
    write: int, first: Path, zygote: Zygote, slack: SlackPeer, undisturbed: dict[str, Any]
) -> None:
    failed = zygote.run("retrain", first, {"how": "full", "write": write})
    check_sentence(failed, "the disk is full: ", str(first / ".driftloop"), "free space")
    assert champion_of(first) == "1"
    assert "ok" in zygote.run("retrain", first)
    assert without_orphans(state_of(first, slack)) == without_orphans(undisturbed)


def test_mlflow_is_not_there(first: Path, zygote: Zygote, slack: SlackPeer) -> None:
    nowhere = {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
    }
    began = time.monotonic()
    failed = Zygote(zygote.process, {**zygote.env, **nowhere}).run("retrain", first)
    check_sentence(failed, "MLflow at http://127.0.0.1:9 does not answer")
    assert time.monotonic() - began < 60
    assert (champion_of(first), slack.posts) == ("1", [])


def test_mlflow_does_not_answer_in_time(first: Path, zygote: Zygote, slack: SlackPeer) -> None:
    """A server that takes the call and says nothing: the run does not wait forever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        slow = {
            "MLFLOW_TRACKING_URI": address,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
        }
        began = time.monotonic()
        failed = Zygote(zygote.process, {**zygote.env, **slow}).run("retrain", first)
    check_sentence(failed, f"MLflow at {address} does not answer")
    assert 1 <= time.monotonic() - began < 60
    assert (champion_of(first), slack.posts) == ("1", [])


def test_the_data_are_gone(
    first: Path, zygote: Zygote, slack: SlackPeer, undisturbed: dict[str, Any]
) -> None:
    cache, away = first / ".dvc" / "cache", first.parent / "away"
    shutil.move(cache, away)
    shutil.move(first / "data", first.parent / "data")
    failed = zygote.run("retrain", first)
    check_sentence(failed, "neither in the DVC cache nor on a remote that answers", "dvc pull")
    assert champion_of(first) == "1"
    shutil.rmtree(cache, ignore_errors=True)
    shutil.move(away, cache)
    again = zygote.run("retrain", first)
    assert "ok" in again, again["trace"]
    assert state_of(first, slack) == undisturbed
