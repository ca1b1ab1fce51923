import logging
from collections.abc import Callable

import pytest
from peers.slack import Fault, SlackPeer

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import OutgoingMessage, Receipt
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base, sender_for
from tasks.alerts.senders.base import LostAnswerError
from tasks.alerts.senders.slack.webhook import SlackWebhookSender
from tests.tasks.alerts.senders.outgoing import SHAPE, message, outgoing
from tests.tasks.alerts.senders.safe import assert_one_safe_line


def use_webhook(monkeypatch: pytest.MonkeyPatch, url: str) -> SlackWebhookSender:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", url)
    sender = sender_for(SlackChannel(mentions=("here",)))
    assert isinstance(sender, SlackWebhookSender)
    return sender


@pytest.fixture
def sender(slack: SlackPeer, monkeypatch: pytest.MonkeyPatch) -> SlackWebhookSender:
    return use_webhook(monkeypatch, slack.webhook_url)


def test_a_message_is_posted_with_a_mention(slack: SlackPeer, sender: SlackWebhookSender) -> None:
    assert sender.send(outgoing("k")) == Receipt("webhook", "k")
    sender.update(Receipt("webhook", "k"), message())
    assert sender.draw(outgoing("k", shapes=(SHAPE,))) is None
    (post,) = slack.posts
    assert post.text == slack_text(message(), "<!here>")
    assert post.blocks == slack_blocks(message(), "<!here>")
    assert len(slack.requests) == 1


def test_too_many_requests_are_waited_out(slack: SlackPeer, sender: SlackWebhookSender) -> None:
    slack.misbehave("rate_limit")
    sender.send(outgoing())
    assert (len(slack.posts), len(slack.requests)) == (1, 2)


def test_a_refused_connection_is_tried_again(
    slack: SlackPeer, sender: SlackWebhookSender, when_waiting: list[Callable[[], None]]
) -> None:
    slack.close()
    when_waiting.append(slack.reopen)
    sender.send(outgoing())
    assert len(slack.posts) == 1


@pytest.mark.parametrize(
    "fault",
    [
        *("error", "reset", "error_after_accepting", "reset_after_accepting"),
        *("cut", "slow_after_accepting"),
    ],
)
def test_what_may_have_arrived_is_not_posted_again_by_the_same_run(
    slack: SlackPeer,
    sender: SlackWebhookSender,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault.startswith("slow"):
        monkeypatch.setattr(base, "TIMEOUT", 0.15)
    slack.misbehave(fault, seconds=0.3)
    with pytest.raises(LostAnswerError, match="may have arrived") as caught:
        sender.send(outgoing())
    assert len(slack.requests) == 1
    assert_one_safe_line(caught.value, "peer-secret")
    assert "peer-secret" not in caplog.text


def test_what_nobody_took_can_be_sent_later(slack: SlackPeer, sender: SlackWebhookSender) -> None:
    with slack.refusing(), pytest.raises(DeliveryError, match="Connection refused") as caught:
        sender.send(outgoing())
    assert not isinstance(caught.value, LostAnswerError)
    sender.send(outgoing())
    assert len(slack.posts) == 1


@pytest.mark.parametrize("fault", ["error", "reset", "rate_limit"])
def test_after_an_outage_the_story_is_whole_in_order_and_told_once(
    slack: SlackPeer, sender: SlackWebhookSender, fault: Fault
) -> None:
    def told(text: str) -> OutgoingMessage:
        return outgoing(text, message=message(text=text), mention=False)

    sender.send(told("a"))
    slack.misbehave(fault, times=9, seconds=3600)
    for _ in range(2):
        with pytest.raises(DeliveryError):
            sender.send(told("b"))
    slack.recover()
    for text in "bc":
        sender.send(told(text))
    assert [post.text for post in slack.posts] == ["a", "b", "c"]


@pytest.mark.parametrize("url", ["ftp://host/secret", "secret", "http://127.0.0.1/a b/secret"])
def test_an_address_that_is_none_is_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(DeliveryError, match="SLACK_WEBHOOK_URL") as caught:
        use_webhook(monkeypatch, url).send(outgoing())
    assert_one_safe_line(caught.value, "secret")


def test_an_unknown_webhook_says_make_a_new_one(
    slack: SlackPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeliveryError, match=r"no_service.*create a new incoming webhook"):
        use_webhook(monkeypatch, f"{slack.root}/services/gone/secret").send(outgoing())
