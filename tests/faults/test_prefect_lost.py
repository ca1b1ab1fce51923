"""The Prefect server is gone in mid-run: the run ends, and a rerun ends as it should."""

import os
import subprocess
import sys
from pathlib import Path

from faults.forks import ROOT, Zygote
from faults.ground import SECOND, moment
from faults.state import champion_of, ledger_faults
from peers.slack import SlackPeer

from driftloop.base.workspace import Workspace
from tasks.registry.mlflow import MlflowRegistry
from tasks.runtime.servers.local_server import start_server

RUN = """
import os, signal, sys
from tasks.runtime.step import Step

real = Step.__call__
def call(self, *arguments, **named):
    if self.name == "promote":
        os.killpg(int(sys.argv[1]), signal.SIGKILL)
    return real(self, *arguments, **named)
Step.__call__ = call

from flows.retrain import retrain
retrain("payments", as_of=sys.argv[2], workspace=sys.argv[3])
"""


def test_the_server_is_killed_in_mid_run(
    first: Path, zygote: Zygote, slack: SlackPeer, tmp_path: Path
) -> None:
    server = start_server(tmp_path / "server")
    try:
        server.wait()
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(server.process.pid), f"{moment(SECOND):%F}", first],
            cwd=ROOT,
            env={
                **os.environ,
                "PREFECT_API_URL": server.api_url,
                "PREFECT_CLIENT_MAX_RETRIES": "0",  # the server does not come back
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    finally:
        server.stop()
    assert done.returncode != 0
    assert "ConnectError" in done.stderr or "connection" in done.stderr.lower(), done.stderr
    assert champion_of(first) == "1"
    server = start_server(tmp_path / "server")  # again, with the database it had
    try:
        server.wait()
        (again,) = zygote.race({"work": "retrain", "folder": str(first), "server": server.api_url})
    finally:
        server.stop()
    assert "ok" in again, again
    assert sorted(MlflowRegistry(Workspace(first)).versions("payments")) == ["1", "2"]
    assert (champion_of(first), ledger_faults(first), len(slack.posts)) == ("2", (), 1)
