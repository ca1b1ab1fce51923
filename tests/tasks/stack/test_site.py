"""The page's web server: files of one folder behind a password, and nothing beside them."""

import base64
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tasks.stack.services import SERVICE, StackFolder
from tasks.stack.site import site_server
from tasks.stack.watchdog import SILENT_LOOKS, silent_too_long

PASSWORD = "let-me-in"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    folder = tmp_path / "site"
    server = site_server(folder, "127.0.0.1", 0, PASSWORD)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield folder, server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def get(
    port: int, path: str, method: str = "GET", auth: str | None = f"driftloop:{PASSWORD}"
) -> tuple[HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"} if auth else {}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_there_is_a_page_before_there_is_one(site: tuple[Path, int]) -> None:
    folder, port = site
    answer, text = get(port, "/")
    assert (answer.status, b"There is no page yet" in text) == (200, True)
    assert get(port, "/", "HEAD")[0].status == 200
    (folder / "index.html").write_text("<p>models</p>")
    answer, text = get(port, "/?again")
    assert text == b"<p>models</p>"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_else_is_shown(site: tuple[Path, int]) -> None:
    folder, port = site
    (folder / "models").mkdir(parents=True)
    (folder.parent / "secret").write_text("x")
    for path in ("/models/", "/../secret", "/%2e%2e/secret", "//etc/passwd"):
        assert get(port, path)[0].status in (301, 404), path
        assert b"secret" not in get(port, path)[1], path


@pytest.mark.parametrize("auth", [None, "driftloop:", "driftloop:other", f"root:{PASSWORD}"])
def test_nobody_reads_it_without_the_password(site: tuple[Path, int], auth: str | None) -> None:
    folder, port = site
    (folder / "index.html").write_text("<p>models</p>")
    for path in ("/", "/index.html", "/health/../index.html", "/nothing"):
        for method in ("GET", "HEAD"):
            answer, text = get(port, path, method, auth)
            assert answer.status == 401, path
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            assert b"models" not in text
    answer, text = get(port, "/health", auth=auth)
    assert (answer.status, text) == (200, b"ok")


def test_a_service_gets_its_environment_and_not_the_others(tmp_path: Path) -> None:
    """`tasks.stack.run` becomes the service, without what is not meant for it."""
    folder = StackFolder(tmp_path)
    folder.root.mkdir()
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    service = {
        "command": [sys.executable, "-c", script],
        "environment": {"URL": "with-a-password"},
        "without": ["SLACK_BOT_TOKEN"],
        "leaves_runs": False,
    }
    folder.services.write_text(json.dumps({"mlflow": service}))
    done = subprocess.run(
        [sys.executable, "-m", "tasks.stack.run", str(folder.services), "mlflow"],
        env={**os.environ, "SLACK_BOT_TOKEN": "x", "KEPT": "y"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert "SLACK_BOT_TOKEN" not in found
    assert (found["URL"], found["KEPT"], found[SERVICE]) == ("with-a-password", "y", "mlflow")


class Running:
    """A supervisord whose services all run."""

    def states(self) -> dict[str, dict[str, str]]:
        return {"site": {"statename": "RUNNING"}, "mlflow": {"statename": "STARTING"}}


def test_only_who_is_silent_for_long_is_started_anew(site: tuple[Path, int]) -> None:
    _, port = site
    dead = "http://127.0.0.1:9/"
    silent = {"site": 0, "mlflow": 0}
    for _ in range(SILENT_LOOKS - 1):
        health = {"site": dead, "mlflow": dead}
        assert silent_too_long(Running(), health, silent) == ()  # type: ignore[arg-type]
    answering = {"site": f"http://127.0.0.1:{port}/health", "mlflow": dead}
    assert silent_too_long(Running(), answering, silent) == ()  # type: ignore[arg-type]
    for _ in range(SILENT_LOOKS - 1):
        assert silent_too_long(Running(), health, silent) == ()  # type: ignore[arg-type]
    assert silent_too_long(Running(), health, silent) == ("site",)  # type: ignore[arg-type]
    assert silent == {"site": 0, "mlflow": 0}
