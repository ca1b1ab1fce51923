import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from peers.slack import Fault, SlackPeer
from rich.console import Console

import tasks.credentials
import tasks.senders
from driftloop.channels import ConsoleChannel, SlackChannel
from driftloop.errors import DeliveryError
from driftloop.messages import blocks
from driftloop.messages.message import Message
from tasks.senders import BotSender, ConsoleSender, WebhookSender, sender_for

TOKEN = "xoxb-peer-token"
MESSAGE = Message(
    "payments/1/trouble",
    "payments",
    "trouble",
    "page",
    "payments: data checks failed",
    (
        blocks.header("🚨 payments: data checks failed"),
        blocks.section("*2 of 9 checks failed:* a &lt; b [red]c[/red]"),
        blocks.fields([("Old score", "0.842"), ("New score", "0.861"), ("Gain", "+0.019")]),
        blocks.context("<http://prefect/runs/1|Prefect run> · data a1b2"),
    ),
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "SLACK_BOT_TOKEN SLACK_WEBHOOK_URL SLACK_API_URL HTTP_PROXY HTTPS_PROXY"
    for name in f"{names} http_proxy https_proxy".split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tasks.credentials, "_from_prefect", lambda block: None)
    monkeypatch.setattr(tasks.senders, "PAUSE", 0.01)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackPeer]:
    lists: dict[str, Any] = {"not_joined": ("#elsewhere",), "archived": ("#old",)}
    with SlackPeer(token=TOKEN, **lists) as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        yield running


def use_bot(
    monkeypatch: pytest.MonkeyPatch, channel: str = "#ml-alerts", token: str = TOKEN
) -> Any:
    monkeypatch.setenv("SLACK_BOT_TOKEN", token)
    return sender_for(SlackChannel(channel=channel))


def use_webhook(monkeypatch: pytest.MonkeyPatch, url: str) -> Any:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", url)
    return sender_for(SlackChannel())


def test_bot_posts_with_text_blocks_and_key(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = use_bot(monkeypatch)
    assert sender.send(MESSAGE) == "1700000000.000001"
    assert sender.send(MESSAGE) == "1700000000.000002"
    post = peer.posts[0]
    assert (post.channel, post.text, post.key) == ("#ml-alerts", MESSAGE.text, MESSAGE.key)
    assert post.blocks == list(MESSAGE.blocks)


def test_webhook_posts(peer: SlackPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert use_webhook(monkeypatch, peer.webhook_url).send(MESSAGE) == "webhook"
    assert peer.posts[0].blocks == list(MESSAGE.blocks)


def test_bot_token_wins_over_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(use_webhook(monkeypatch, "http://x"), WebhookSender)
    assert isinstance(use_bot(monkeypatch), BotSender)
    assert TOKEN not in repr(use_bot(monkeypatch))


@pytest.mark.parametrize(
    ("channel", "token", "code", "mend"),
    [
        ("#elsewhere", TOKEN, "not_in_channel", "/invite @your-bot in #elsewhere"),
        ("#nowhere", TOKEN, "channel_not_found", "check the name"),
        ("#old", TOKEN, "is_archived", "unarchive"),
        ("#ml-alerts", "xoxb-wrong-token", "invalid_auth", "SLACK_BOT_TOKEN"),
    ],
)
def test_refusals_say_what_to_mend(
    peer: SlackPeer,
    monkeypatch: pytest.MonkeyPatch,
    channel: str,
    token: str,
    code: str,
    mend: str,
) -> None:
    with pytest.raises(DeliveryError, match=code) as caught:
        use_bot(monkeypatch, channel, token).send(MESSAGE)
    assert mend in str(caught.value)
    assert_one_safe_line(caught.value, token)


@pytest.mark.parametrize("fault", ["error", "reset", "rate_limit"])
@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_passing_fault_is_retried(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch, fault: Fault, way: str
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)
    peer.misbehave(fault)
    sender = use_bot(monkeypatch) if way == "bot" else use_webhook(monkeypatch, peer.webhook_url)
    sender.send(MESSAGE)
    assert len(peer.posts) == 1
    assert len(peer.requests) == 2


@pytest.mark.parametrize(("fault", "said"), [("error", "HTTP 500"), ("reset", "did not answer")])
@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_lasting_fault_ends_in_one_line(
    peer: SlackPeer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    said: str,
    way: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.misbehave(fault, times=9)
    sender = use_bot(monkeypatch) if way == "bot" else use_webhook(monkeypatch, peer.webhook_url)
    with pytest.raises(DeliveryError, match=said) as caught:
        sender.send(MESSAGE)
    assert len(peer.requests) == 1 + tasks.senders.RETRIES
    assert_one_safe_line(caught.value, TOKEN, "peer-secret")
    assert "peer-secret" not in caplog.text


def test_a_long_rate_limit_is_left_to_the_next_run(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.misbehave("rate_limit", seconds=3600)
    with pytest.raises(DeliveryError, match="ratelimited"):
        use_bot(monkeypatch).send(MESSAGE)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_slow_slack_is_given_up(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(tasks.senders, "TIMEOUT", 0.2)
    peer.misbehave("slow", seconds=5)
    sender = use_bot(monkeypatch) if way == "bot" else use_webhook(monkeypatch, peer.webhook_url)
    with pytest.raises(DeliveryError, match="timed out"):
        sender.send(MESSAGE)


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{free.getsockname()[1]}/api/")
        with pytest.raises(DeliveryError, match="Connection refused") as caught:
            use_bot(monkeypatch).send(MESSAGE)
    assert_one_safe_line(caught.value, TOKEN)


@pytest.mark.parametrize("token", ["xoxb-a\nb-secret", "xoxb-ключ-secret"])
def test_a_token_that_is_no_token_is_not_shown(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    with pytest.raises(DeliveryError, match="SLACK_BOT_TOKEN") as caught:
        use_bot(monkeypatch, token=token).send(MESSAGE)
    assert_one_safe_line(caught.value, "secret")


@pytest.mark.parametrize("url", ["ftp://host/secret", "secret", "http://127.0.0.1/a b/secret"])
def test_a_webhook_url_that_is_no_url_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(DeliveryError, match="SLACK_WEBHOOK_URL") as caught:
        use_webhook(monkeypatch, url).send(MESSAGE)
    assert_one_safe_line(caught.value, "secret")


def test_an_unknown_webhook_says_make_a_new_one(
    peer: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeliveryError, match=r"no_service.*create a new incoming webhook"):
        use_webhook(monkeypatch, f"{peer.root}/services/gone/secret").send(MESSAGE)


def assert_one_safe_line(error: DeliveryError, *secrets: str) -> None:
    assert "\n" not in str(error)
    assert error.__suppress_context__ or error.__context__ is None
    for secret in secrets:
        assert secret not in str(error)


@pytest.mark.parametrize("channel", [SlackChannel(), ConsoleChannel()])
def test_console_draws_the_message(channel: SlackChannel | ConsoleChannel) -> None:
    out = io.StringIO()
    sender = sender_for(channel, Console(file=out, width=70))
    assert isinstance(sender, ConsoleSender)
    assert sender.key == channel.key
    assert sender.send(MESSAGE) == "console"
    drawn = out.getvalue()
    for text in (
        "🚨 payments: data checks failed",
        "2 of 9 checks failed: a < b [red]c[/red]",
        "Prefect run (http://prefect/runs/1) · data a1b2",
        "0.842",
        "+0.019",
    ):
        assert text in drawn
    assert ("SLACK_BOT_TOKEN is not set" in drawn) == isinstance(channel, SlackChannel)


def test_console_shows_bold(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    console = Console(file=out, width=70, force_terminal=True, color_system="standard")
    sender_for(ConsoleChannel(), console).send(MESSAGE)
    assert "\x1b[1m2 of 9 checks failed:\x1b[0m" in out.getvalue()


def test_console_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    sender_for(ConsoleChannel()).send(MESSAGE)
    printed = capsys.readouterr()
    assert "payments: data checks failed" in printed.err
    assert printed.out == ""


def test_the_peer_refuses_what_slack_refuses(peer: SlackPeer) -> None:
    def refused(**body: Any) -> str:
        answer = peer.call("chat.postMessage", TOKEN, {"channel": "#ml-alerts", **body})
        return str(answer.get("error"))

    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    assert refused() == "no_text"
    assert refused(text="x", blocks="nonsense") == "invalid_blocks_format"
    for bad in ([section], [header], [{"type": "poll"}], [{"type": "divider"}] * 51):
        assert refused(text="x", blocks=bad) == "invalid_blocks"
    assert peer.call("auth.test", TOKEN, {})["ok"]
    assert peer.call("auth.test", None, {})["error"] == "not_authed"
    assert peer.call("chat.update", TOKEN, {"channel": "#ml-alerts", "text": "x", "ts": "1"}) == {
        "ok": False,
        "error": "message_not_found",
    }


def test_the_peer_takes_forms_and_updates(peer: SlackPeer) -> None:
    def form(method: str, body: str) -> dict[str, Any]:
        request = Request(peer.api_url + method, body.encode(), method="POST")
        request.add_header("Authorization", f"Bearer {TOKEN}")
        with urlopen(request, timeout=5) as answer:
            return dict(json.loads(answer.read()))

    ts = form("chat.postMessage", "channel=%23ml-alerts&text=hello")["ts"]
    assert form("chat.update", f"channel=%23ml-alerts&text=changed&ts={ts}")["ok"]
    assert peer.updates[0].text == "changed"


def test_the_peer_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with SlackPeer() as running:
        url = running.api_url
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        urlopen(url, timeout=1)
