import base64
import fcntl
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from driftloop.alerts.blocks import Header, section
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.incident import Post
from driftloop.alerts.message import Links, Receipt
from driftloop.base.errors import DeliveryError
from driftloop.base.workspace import Workspace
from tasks.alerts.deliver import deliver
from tasks.alerts.senders import page, sender_for
from tasks.alerts.senders.page import PageSender, link_reports
from tasks.coordination.alert_store import change_alerts
from tasks.coordination.documents import open_documents
from tests.tasks.alerts.senders.outgoing import NOW, SHAPE, message, outgoing

KEY = "page:alerts.html"
WRITER = """
import sys
from pathlib import Path
from driftloop.alerts.channels.page import PageChannel
from tasks.alerts.senders.page import PageSender
from tests.tasks.alerts.senders.outgoing import outgoing
sender = PageSender(PageChannel(), Path(sys.argv[1]))
for number in range(20):
    sender.send(outgoing(f"{sys.argv[2]}-{number}"))
"""


class Reader(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.depth: list[str] = []
        self.replies: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.sources += [value for name in ("src", "srcset") if (value := found.get(name))]
        if tag == "div":
            self.depth.append(found.get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self.depth.pop()

    def handle_data(self, data: str) -> None:
        (self.replies if "thread" in self.depth else self.words).append(data)


@pytest.fixture
def sender(tmp_path: Path) -> PageSender:
    found = sender_for(PageChannel(), state=tmp_path)
    assert isinstance(found, PageSender)
    return found


def shown(sender: PageSender) -> Reader:
    return Reader(sender.page.read_text(encoding="utf-8"))


def posts(sender: PageSender) -> int:
    return sender.page.read_text(encoding="utf-8").count('<section class="post">')


def test_a_message_is_on_the_page(sender: PageSender, tmp_path: Path) -> None:
    assert sender.threads
    assert sender.send(outgoing("k")) == Receipt(KEY, "k")
    found = shown(sender)
    assert "🚨 payments: data checks failed" in found.words
    assert any("a < b [red]c[/red]" in words for words in found.words)
    assert found.depth == []
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"alerts.html", "alerts.json", "alerts.lock"}


def test_the_page_is_where_the_channel_says(tmp_path: Path) -> None:
    sender_for(PageChannel(path="pages/payments.html"), state=tmp_path).send(outgoing())
    assert "payments" in (tmp_path / "pages" / "payments.html").read_text()


def test_a_message_is_there_once(sender: PageSender) -> None:
    first, second = (sender.send(outgoing("k")) for _ in range(2))
    assert first == second
    assert posts(sender) == 1


def test_a_run_that_was_cut_off_before_the_page_was_drawn(sender: PageSender) -> None:
    sender.send(outgoing("k"))
    sender.page.unlink()
    sender.send(outgoing("k", begun=NOW))
    assert posts(sender) == 1


def test_replies_stand_in_their_thread(sender: PageSender) -> None:
    parent, other = sender.send(outgoing("a")), sender.send(outgoing("b"))
    said = message(text="x", blocks=(section("The next run sees it too"),))
    sender.send(outgoing("a/1", "confirmed", message=said, thread=parent, broadcast=True))
    sender.send(outgoing("b/1", "resolved", thread=other))
    assert posts(sender) == 2
    replies = shown(sender).replies
    assert "The next run sees it too" in replies
    assert replies.count("1 reply") == 2


def test_a_reply_to_what_is_not_on_this_page_stands_alone(sender: PageSender) -> None:
    sender.send(outgoing("k", thread=Receipt(KEY, "elsewhere")))
    assert posts(sender) == 1
    assert shown(sender).replies == []


def test_a_message_is_made_to_say_something_else(sender: PageSender) -> None:
    receipt = sender.send(outgoing("k"))
    over = message(blocks=(Header("✅ payments: back to normal"),))
    sender.update(receipt, over)
    sender.update(Receipt(KEY, "gone"), over)
    words = shown(sender).words
    assert words.count("✅ payments: back to normal") == 1
    assert "🚨 payments: data checks failed" not in words


def test_links_of_messages_and_replies_lead_elsewhere(sender: PageSender) -> None:
    parent = sender.send(outgoing("a"))
    sender.send(outgoing("a/1", "resolved", thread=parent))
    sender.send(outgoing("b", message=message("b", links=Links("http://prefect/runs/2"))))
    reports = {"http://prefect/runs/1?a=1&b=2": "reports/payments/2026-04-06.html"}
    link_reports(sender, reports)
    html = sender.page.read_text(encoding="utf-8")
    assert html.count('href="reports/payments/2026-04-06.html"') == 2
    assert html.count(">Report</a>") == 2, "the run of b has no report of its own"
    assert "http://prefect" not in html


def test_a_picture_is_in_the_page_itself(sender: PageSender) -> None:
    parent = sender.send(outgoing("k"))
    for _ in range(2):
        drawn = sender.draw(outgoing("k/picture", thread=parent, shapes=(SHAPE,)))
        assert drawn == Receipt(KEY, "k/picture")
    (source,) = shown(sender).sources
    kind, _, content = source.partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content).startswith(b"\x89PNG")
    assert "window of: amount" in sender.page.read_text()


def test_without_shapes_or_thread_there_is_no_picture(sender: PageSender) -> None:
    parent = sender.send(outgoing("k"))
    assert sender.draw(outgoing("k/picture", thread=parent)) is None
    assert sender.draw(outgoing("k/picture", shapes=(SHAPE,))) is None
    assert shown(sender).sources == []


def test_names_from_the_data_are_text(sender: PageSender) -> None:
    hostile = section("<script>alert(1)</script><img src=x onerror=y>")
    sender.send(outgoing(message=message(blocks=(hostile,))))
    found = shown(sender)
    assert {"script", "img", "link", "iframe"}.isdisjoint(found.tags)
    assert any("<script>alert(1)</script>" in words for words in found.words)


def test_old_messages_leave_with_their_threads(
    sender: PageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST", 3)
    for number in range(5):
        parent = sender.send(outgoing(f"k{number}"))
        sender.send(outgoing(f"k{number}/1", thread=parent))
    assert posts(sender) == 3
    assert shown(sender).replies.count("1 reply") == 3


def test_two_processes_lose_no_message(sender: PageSender) -> None:
    root = Path(__file__).parents[4]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(sender.page), name], cwd=root)
        for name in ("a", "b")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert posts(sender) == 40


def test_a_page_that_cannot_be_written_keeps_the_message(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file where a folder is wanted")
    sender = sender_for(PageChannel(path="pages/a.html"), state=tmp_path)
    with pytest.raises(
        DeliveryError, match=r"pages/a\.html: the page cannot be written .*make its"
    ):
        sender.send(outgoing())


@pytest.mark.parametrize("text", ["", "[]", '{"entries": [{"key": 1}]}', "\ufffd{"])
def test_a_damaged_transcript_is_not_written_over(sender: PageSender, text: str) -> None:
    transcript = sender.page.with_suffix(".json")
    transcript.write_text(text)
    with pytest.raises(DeliveryError, match=r"alerts\.json: not a transcript of a page"):
        sender.send(outgoing())
    assert transcript.read_text() == text


def test_a_page_that_another_run_holds_for_too_long(
    sender: PageSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "LOCK_SECONDS", 0.1)
    with sender.page.with_suffix(".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DeliveryError, match=r"alerts\.lock: another run"):
            sender.send(outgoing())
    sender.send(outgoing())


def test_delivery_writes_below_the_state_of_the_workspace(tmp_path: Path, no_server: None) -> None:
    place, channel = Workspace(tmp_path, tmp_path / "state"), PageChannel()
    post = Post("k", "test", "info", NOW, message("k", "test"), (channel.key,))
    change_alerts(open_documents(place), "payments", lambda old: old.write(post))
    assert deliver(place, "payments", (channel,)).sent == ("k",)
    assert (tmp_path / "state" / "alerts.html").is_file()
