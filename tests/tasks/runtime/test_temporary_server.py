"""The server of one command: started at once, as Prefect starts its own, and gone with it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tasks.runtime.temporary_server import start_temporary_server

ROOT = Path(__file__).parents[3]
COMMAND = """
import json, sys, urllib.request
from tasks.runtime.temporary_server import start_temporary_server
server = start_temporary_server()
assert "prefect" not in sys.modules
server.wait()
with urllib.request.urlopen(server.api + "/health") as answer:
    print(json.dumps([server.api, server.process.pid, answer.read().decode()]))
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
