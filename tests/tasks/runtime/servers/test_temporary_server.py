"""The server of one command: started at once, as Prefect starts its own, and gone with it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from driftloop.base.errors import UnavailableError
from tasks.runtime.servers.local_server import PATIENCE, free_port, start_leashed
from tasks.runtime.servers.temporary_server import start_temporary_server

ROOT = Path(__file__).parents[4]
COMMAND = """
import json, sys, urllib.request
from tasks.runtime.servers.temporary_server import start_temporary_server
server = start_temporary_server()
assert "prefect" not in sys.modules
server.wait()
with urllib.request.urlopen(server.api_url + "/health") as answer:
    print(json.dumps([server.api_url, server.process.pid, answer.read().decode()]))
"""


def test_it_answers_until_the_command_ends(tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    environment.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    api, process, answer = json.loads(done.stdout)
    assert answer == "true"
    assert (tmp_path / "prefect.db").is_file()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{api}/health")


def test_a_configured_server_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert start_temporary_server() is None


KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.runtime.servers.local_server import start_server
from tasks.runtime.servers.temporary_server import start_temporary_server
server = start_temporary_server() if sys.argv[1] == "temporary" else start_server(Path(sys.argv[2]))
server.wait()
print(server.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["temporary", "local"])
def test_it_ends_with_a_command_that_is_killed(kind: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    environment.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, kind, str(tmp_path / "home")],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    group, end = int(done.stdout), time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("the server outlived the command that started it")


def test_a_server_that_ended_says_so_with_its_last_lines(tmp_path: Path) -> None:
    words = "import sys; print('one\\ntwo\\nthree\\n\\nfour  words.'); sys.exit(7)"
    (tmp_path / "failing.py").write_text(words)
    with (tmp_path / "log").open("ab+") as log:
        path = {**os.environ, "PYTHONPATH": str(tmp_path)}
        server = start_leashed(("failing",), path, free_port(), log)
        began = time.monotonic()
        with pytest.raises(UnavailableError) as error:
            server.wait()
    assert time.monotonic() - began < 20
    assert "ended with 7 before it answered: two / three / four words; set" in str(error.value)


def test_a_server_that_is_silent_is_not_said_to_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PATIENCE, "0.5")
    (tmp_path / "silent.py").write_text("import time; time.sleep(60)")
    with (tmp_path / "log").open("ab+") as log:
        path = {**os.environ, "PYTHONPATH": str(tmp_path)}
        server = start_leashed(("silent",), path, free_port(), log)
        try:
            with pytest.raises(UnavailableError, match=r"did not answer in 0 s; allow it more"):
                server.wait()
        finally:
            server.stop()
    assert server.process.returncode == -signal.SIGTERM
