"""A run that is cut off at a server and run again ends in the state of an uninterrupted one.

`tests/faults` kill the process at the other edges, without a server.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.slack import SlackPeer
from workshop import look

from driftloop.base.records import MonitorRecord
from driftloop.base.serialize import to_json
from driftloop.base.workspace import Workspace
from tasks.coordination.alert_store import read_alerts
from tasks.coordination.documents import open_documents
from tasks.registry.opening import open_registry

pytestmark = pytest.mark.usefixtures("own_server")  # a slot is freed by force

SLOT = "driftloop-promote-payments"
WEEK = 20  # retrains, promotes and alerts


def state_of(folder: Path, record: MonitorRecord, slack: SlackPeer) -> dict[str, Any]:
    """Everything that a run leaves behind, without ids, times and addresses."""
    registry = open_registry(Workspace(folder))
    champion = registry.champion("payments")
    assert champion is not None
    versions = registry.client.search_model_versions("name = 'payments'")
    runs = registry.client.search_runs([registry.experiment("payments")])
    plain = json.loads(to_json(record).replace(str(folder), "here"))
    plain["retrain"]["run_id"] = None
    return {
        "champion": champion.version,
        "versions": sorted(
            (str(version.version), version.tags.get("driftloop.key")) for version in versions
        ),
        "promoted": sorted(
            str(version.version) for version in versions if "driftloop.promoted_at" in version.tags
        ),
        "runs": sorted(
            (run.data.tags["driftloop.kind"], run.info.status, run.data.tags["driftloop.key"])
            for run in runs
        ),
        "models": len(registry.client.search_logged_models([registry.experiment("payments")])),
        "posts": [(post.text, (post.key or "").partition("/")[2]) for post in slack.posts],
        "channel": [one.text for one in slack.story()],
        "pending": len(read_alerts(open_documents(Workspace(folder)), "payments").posts),
        "record": plain,
    }


@pytest.fixture(scope="module")
def uninterrupted(
    championed_template: Path, own_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What the run leaves behind when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("whole") / "championed"
    shutil.copytree(championed_template, folder, symlinks=True)
    with pytest.MonkeyPatch.context() as patch, SlackPeer(channels=("#ml-alerts",)) as peer:
        patch.setenv("SLACK_BOT_TOKEN", peer.token)
        patch.setenv("SLACK_API_URL", peer.api_url)
        record = look(folder, WEEK)
        yield state_of(folder, record, peer)


def test_the_uninterrupted_run_promoted(uninterrupted: dict[str, Any]) -> None:
    assert uninterrupted["champion"] == "2"
    assert uninterrupted["promoted"] == ["1", "2"]
    assert [status for _, status, _ in uninterrupted["runs"]] == ["FINISHED"] * 3
    assert [key.rpartition("/")[2] for _, key in uninterrupted["posts"]] == [
        *("incident-1", "opened", "started", "promoted-2"),
    ]


KILL_INSIDE_PROMOTION = """
import os, signal, sys
import tasks.promotion.promote as promotion

real = promotion._set_champion
def kill(*arguments):
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
promotion._set_champion = kill

sys.path.insert(0, {tests!r})
from pathlib import Path
from workshop import look
look(Path({folder!r}), {week})
"""


def test_killed_between_the_alias_and_its_tags(
    championed: Path, slack: SlackPeer, uninterrupted: dict[str, Any]
) -> None:
    script = KILL_INSIDE_PROMOTION.format(
        tests=str(Path(__file__).parents[1]), folder=str(championed), week=WEEK
    )
    done = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False, timeout=600)
    assert done.returncode == -signal.SIGKILL
    registry = open_registry(Workspace(championed))
    assert registry.champion("payments") is not None
    free = (sys.executable, "-m", "prefect", "gcl", "update", SLOT, "--active-slots", "0")
    subprocess.run(free, check=True, capture_output=True)  # else its lease ends after a minute
    assert state_of(championed, look(championed, WEEK), slack) == uninterrupted
