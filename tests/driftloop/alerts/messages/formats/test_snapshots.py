"""Every message of the gallery, as it reads: a change of words shows in the diff.

``UPDATE_SNAPSHOTS=1`` writes the files.
"""

import os
from pathlib import Path

import pytest

from driftloop.alerts.message import Message
from driftloop.alerts.messages.formats.slack import slack_text
from tests.driftloop.alerts.messages.message_records import shown
from tools.gallery import messages

FOLDER = Path(__file__).parent / "snapshots"
MESSAGES = messages()


def written(message: Message) -> str:
    lead = f"{message.kind} · {message.severity} · {message.key}\n{slack_text(message)}"
    return f"{lead}\n\n{shown(message)}\n"


@pytest.mark.parametrize("name", MESSAGES)
def test_message_reads_as_before(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(written(MESSAGES[name]), encoding="utf-8")
    assert path.exists(), "run with UPDATE_SNAPSHOTS=1 and read what it wrote"
    assert written(MESSAGES[name]) == path.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(MESSAGES)
