import json
from pathlib import Path
from threading import Thread

import pytest

from driftloop.channels import Channel, ConsoleChannel, SlackChannel
from driftloop.errors import DriftloopError, WorkspaceError
from driftloop.messages.message import Message
from tasks.outbox import Outbox

BOTH: tuple[Channel, ...] = (SlackChannel(), ConsoleChannel())


def message(key: str) -> Message:
    return Message(key, "payments", "trouble", "page", "text", ({"type": "divider"},))


def keys(outbox: Outbox) -> list[str]:
    return [outbox.read(path).message.key for path in outbox.pending()]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def test_messages_wait_in_order_and_survive_a_new_process(outbox: Outbox) -> None:
    for number in range(12):
        assert outbox.put(message(f"m{number}"), BOTH)
    again = Outbox(outbox.folder)
    assert keys(again) == [f"m{number}" for number in range(12)]
    entry = again.read(again.pending()[0])
    assert entry.message == message("m0")
    assert entry.missing == ("slack:#ml-alerts", "console")


def test_the_same_key_is_kept_once(outbox: Outbox) -> None:
    assert outbox.put(message("a"), BOTH)
    assert not outbox.put(message("a"), BOTH)
    assert keys(outbox) == ["a"]


def test_sent_messages_are_kept_and_not_taken_again(outbox: Outbox) -> None:
    outbox.put(message("a"), BOTH)
    entry = outbox.read(outbox.pending()[0])
    half = outbox.mark_sent(entry, "console", "console")
    assert outbox.read(outbox.pending()[0]) == half
    assert half.missing == ("slack:#ml-alerts",)
    whole = outbox.mark_sent(half, "slack:#ml-alerts", "1700.1")
    assert outbox.pending() == ()
    assert outbox.read(whole.path).receipts == {"console": "console", "slack:#ml-alerts": "1700.1"}
    assert whole.path.parent.name == "sent"
    assert not outbox.put(message("a"), BOTH)
    outbox.put(message("b"), BOTH)
    assert outbox.pending()[0].name > whole.path.name


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"\xff", b"{}", b'{"message": {}, "channels": [], "receipts": {}}']
)
def test_a_damaged_file_is_named(outbox: Outbox, content: bytes) -> None:
    outbox.put(message("a"), BOTH)
    path = outbox.pending()[0]
    path.write_bytes(content)
    with pytest.raises(DriftloopError, match=path.name):
        outbox.read(path)


def test_receipts_of_a_wrong_type_are_refused(outbox: Outbox) -> None:
    outbox.put(message("a"), BOTH)
    path = outbox.pending()[0]
    path.write_text(json.dumps({**json.loads(path.read_text()), "receipts": {"console": 1}}))
    with pytest.raises(DriftloopError, match="cannot be read"):
        outbox.read(path)


def test_a_half_written_draft_is_ignored(outbox: Outbox) -> None:
    outbox.put(message("a"), BOTH)
    (outbox.folder / "pending" / "0000000002-x.tmp").write_text("{")
    assert keys(outbox) == ["a"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        Outbox(tmp_path / "file" / "outbox").put(message("a"), BOTH)


def test_many_writers_lose_and_double_nothing(outbox: Outbox) -> None:
    def write() -> None:
        for number in range(10):
            Outbox(outbox.folder).put(message(f"m{number}"), BOTH)

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys(outbox)) == sorted(f"m{number}" for number in range(10))
    assert len({path.name[:10] for path in outbox.pending()}) == 10
