import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers.slack import SlackPeer
from rich.console import Console

from driftloop.channels import ConsoleChannel, SlackChannel
from driftloop.errors import DeliveryError
from driftloop.messages import blocks
from driftloop.messages.message import Message
from tasks import deliver, senders
from tasks.deliver import Delivery, flush
from tasks.outbox import Outbox

SLACK, CONSOLE = SlackChannel(), ConsoleChannel()


def message(key: str) -> Message:
    return Message(key, "payments", "trouble", "page", key, (blocks.section(f"says {key}"),))


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackPeer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with SlackPeer() as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        monkeypatch.setenv("SLACK_BOT_TOKEN", running.token)
        monkeypatch.setattr(senders, "PAUSE", 0.01)
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


def console() -> Console:
    return Console(file=io.StringIO(), width=60)


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_everything_goes_out_once_and_in_order(peer: SlackPeer, outbox: Outbox) -> None:
    for key in "abc":
        outbox.put(message(key), [SLACK])
    assert flush(outbox, [SLACK]) == Delivery(("a", "b", "c"), (), None)
    assert flush(outbox, [SLACK]) == Delivery((), (), None)
    outbox.put(message("a"), [SLACK])
    assert flush(outbox, [SLACK]) == Delivery((), (), None)
    assert peer.keys == ["a", "b", "c"]


def test_order_is_kept_through_an_outage(peer: SlackPeer, outbox: Outbox) -> None:
    for key in "abc":
        outbox.put(message(key), [SLACK])
    peer.misbehave("error", times=3)
    down = flush(outbox, [SLACK])
    assert (down.sent, down.failed) == ((), ("a", "b", "c"))
    assert down.error is not None
    assert down.error.count("HTTP 500") == 1
    assert len(peer.requests) == 3
    outbox.put(message("d"), [SLACK])
    assert flush(outbox, [SLACK]).sent == ("a", "b", "c", "d")
    assert peer.keys == ["a", "b", "c", "d"]


def test_a_broken_channel_does_not_stop_the_others(peer: SlackPeer, outbox: Outbox) -> None:
    screen = console()
    for key in "ab":
        outbox.put(message(key), [SlackChannel(channel="#nowhere"), CONSOLE])
    result = flush(outbox, [SlackChannel(channel="#nowhere"), CONSOLE], screen)
    assert result.failed == ("a", "b")
    assert "channel_not_found" in str(result.error)
    assert drawn(screen).index("says a") < drawn(screen).index("says b")
    again = console()
    flush(outbox, [SlackChannel(channel="#nowhere"), CONSOLE], again)
    assert drawn(again) == ""


def test_a_damaged_file_is_named_and_the_others_go_out(peer: SlackPeer, outbox: Outbox) -> None:
    for key in "abc":
        outbox.put(message(key), [SLACK])
    damaged = outbox.pending()[1]
    damaged.write_text("{")
    result = flush(outbox, [SLACK])
    assert result.sent == ("a", "c")
    assert damaged.name in str(result.error)
    assert outbox.pending() == (damaged,)


def test_messages_for_other_channels_wait(outbox: Outbox) -> None:
    outbox.put(message("a"), [CONSOLE])
    assert flush(outbox, [SlackChannel(channel="#other")]) == Delivery((), (), None)
    assert flush(outbox, [CONSOLE], console()).sent == ("a",)


def test_secrets_are_not_asked_for_without_a_message(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DeliveryError("Prefect answered 401")

    monkeypatch.setattr(deliver, "sender_for", refuse)
    assert flush(outbox, [SLACK]).error is None
    outbox.put(message("a"), [SLACK])
    assert flush(outbox, [SLACK]) == Delivery((), ("a",), "Prefect answered 401")


def test_a_lost_answer_may_double_a_message_but_keeps_its_key(
    peer: SlackPeer, outbox: Outbox
) -> None:
    outbox.put(message("a"), [SLACK])
    peer.misbehave("error_after_accepting")
    assert flush(outbox, [SLACK]).sent == ("a",)
    assert peer.keys == ["a", "a"]


FLUSH = """
import sys
from pathlib import Path
from driftloop.channels import SlackChannel
from tasks.deliver import flush
from tasks.outbox import Outbox
print(*flush(Outbox(Path(sys.argv[1])), [SlackChannel()]).sent)
"""


def test_two_processes_never_send_twice(peer: SlackPeer, outbox: Outbox) -> None:
    keys = [f"m{number}" for number in range(8)]
    for key in keys:
        outbox.put(message(key), [SLACK])
    peer.misbehave("slow", times=8, seconds=0.1)
    command = [sys.executable, "-c", FLUSH, str(outbox.folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert peer.keys == keys
    assert sorted(said[0] + said[1]) == keys
