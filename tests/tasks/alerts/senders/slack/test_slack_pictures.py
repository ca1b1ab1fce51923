from dataclasses import replace

import pytest
from peers.slack import Fault, SlackPeer

import driftloop.reporting.feature_plot
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import Receipt
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import UnderWayError
from tasks.alerts.senders.slack.bot import BotSender, file_name
from tests.tasks.alerts.senders.outgoing import NOW, SHAPE, outgoing

PNG = b"\x89PNG\r\n\x1a\n"
draw_picture = driftloop.reporting.feature_plot.draw_feature_plot


@pytest.fixture
def bot(slack: SlackPeer, monkeypatch: pytest.MonkeyPatch) -> BotSender:
    monkeypatch.setattr(
        driftloop.reporting.feature_plot,
        "draw_feature_plot",
        lambda shapes, title: PNG + title.encode(),
    )
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
    sender = sender_for(SlackChannel())
    assert isinstance(sender, BotSender)
    return sender


@pytest.fixture
def thread(bot: BotSender) -> Receipt:
    return bot.send(outgoing())


def test_a_picture_is_shown_in_the_thread(
    slack: SlackPeer, bot: BotSender, thread: Receipt
) -> None:
    receipt = bot.draw(outgoing("k", thread=thread, shapes=(SHAPE,)))
    (file,) = slack.files
    assert receipt == Receipt(thread.place, file.id)
    assert (file.channel, file.thread_ts) == ("#ml-alerts", thread.ts)
    assert file.name == file_name("k")
    assert file.alt == "Distributions in the reference and the current window of: amount"
    assert file.content == PNG + b"payments: reference and current window"
    assert slack.story()[0].files == (file.name,)


def test_a_real_picture_is_a_png(
    slack: SlackPeer, bot: BotSender, thread: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driftloop.reporting.feature_plot, "draw_feature_plot", draw_picture)
    assert bot.draw(outgoing("k", thread=thread, shapes=(SHAPE,))) is not None
    assert (slack.files[0].content or b"").startswith(PNG)


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "F000000001", "files.completeUploadExternal"]
)
@pytest.mark.parametrize(
    "fault",
    ["rate_limit", "error", "reset", "cut", "error_after_accepting", "slow_after_accepting"],
)
def test_a_picture_is_shown_once(
    slack: SlackPeer,
    bot: BotSender,
    thread: Receipt,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    fault: Fault,
) -> None:
    if fault.startswith("slow"):
        monkeypatch.setattr(base, "TIMEOUT", 0.15)
    slack.misbehave(fault, seconds=0.3 if fault.startswith("slow") else 0, only=method)
    given = outgoing("k", thread=thread, shapes=(SHAPE,))
    try:
        receipt = bot.draw(given)
    except UnderWayError:  # what may still be done is left to the next run
        receipt = bot.draw(replace(given, begun=NOW))
    assert slack.story()[0].files == (file_name("k"),)
    assert receipt is not None
    assert [file.id for file in slack.files if file.channel] == [receipt.ts]


def test_a_picture_of_an_earlier_run_is_found(
    slack: SlackPeer, bot: BotSender, thread: Receipt
) -> None:
    given = outgoing("k", thread=thread, shapes=(SHAPE,), begun=NOW)
    other = bot.draw(outgoing("other", thread=thread, shapes=(SHAPE,), begun=NOW))
    first = bot.draw(given)
    assert bot.draw(given) == first != other
    assert slack.story()[0].files == (file_name("other"), file_name("k"))


def test_without_shapes_or_a_thread_nothing_is_drawn(
    slack: SlackPeer, bot: BotSender, thread: Receipt
) -> None:
    assert bot.draw(outgoing(thread=thread)) is None
    assert bot.draw(outgoing(shapes=(SHAPE,))) is None
    assert slack.files == []


def test_without_the_scope_the_text_does_not_wait(
    slack: SlackPeer, bot: BotSender, thread: Receipt, caplog: pytest.LogCaptureFixture
) -> None:
    slack.scopes = tuple(scope for scope in slack.scopes if scope != "files:write")
    for key in "ab":
        assert bot.draw(outgoing(key, thread=thread, shapes=(SHAPE,))) is None
    assert caplog.text.count("files:write") == 1


def test_another_refusal_is_told(slack: SlackPeer, bot: BotSender, thread: Receipt) -> None:
    slack.archived = ("#ml-alerts",)
    with pytest.raises(DeliveryError, match="is_archived"):
        bot.draw(outgoing(thread=thread, shapes=(SHAPE,)))
