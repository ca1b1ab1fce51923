import pytest

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.channels.webhook import WebhookChannel
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import sender_for
from tasks.alerts.senders.console import ConsoleSender
from tasks.alerts.senders.http import HttpSender
from tasks.alerts.senders.mail import MailSender
from tasks.alerts.senders.page import PageSender
from tasks.alerts.senders.slack.bot import BotSender
from tasks.alerts.senders.slack.webhook import SlackWebhookSender

MAIL = EmailChannel(to=("a@example.org",), sender="d@example.org", host="mail", user="driftloop")
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-peer-token",
    "SLACK_WEBHOOK_URL": "https://hooks.example.org/peer-secret",
    "PAGERDUTY_ROUTING_KEY": "0123456789abcdef0123456789abcdef",
    "SMTP_PASSWORD": "peer-mail-secret",
    "DRIFTLOOP_WEBHOOK_URL": "https://example.org/peer-path-secret",
    "DRIFTLOOP_WEBHOOK_SECRET": "peer-signing-secret",
}
EVERY = (
    SlackChannel(),
    PagerDutyChannel(),
    MAIL,
    WebhookChannel(),
    PageChannel(),
    ConsoleChannel(),
)


def with_secrets(monkeypatch: pytest.MonkeyPatch, *left_out: str) -> None:
    for name, value in SECRETS.items():
        if name not in left_out:
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize("channel", EVERY, ids=lambda channel: channel.kind)
def test_a_sender_names_its_channel_and_hides_its_secrets(
    monkeypatch: pytest.MonkeyPatch, channel: Channel
) -> None:
    with_secrets(monkeypatch)
    sender = sender_for(channel)
    assert sender.key == channel.key
    assert sender.threads == isinstance(sender, BotSender | PageSender)
    assert not [value for value in SECRETS.values() if value in repr(sender)]
    assert sender.wants("opened")
    assert sender.wants("resolved")
    assert sender.wants("test")


def test_each_kind_of_channel_has_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    with_secrets(monkeypatch)
    kinds = [
        *(BotSender, HttpSender, MailSender, HttpSender),
        *(PageSender, ConsoleSender),
    ]
    assert [type(sender_for(channel)) for channel in EVERY] == kinds


def test_for_slack_a_bot_token_wins_over_a_webhook_over_the_console(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(sender_for(SlackChannel()), ConsoleSender)
    with_secrets(monkeypatch, "SLACK_BOT_TOKEN")
    assert isinstance(sender_for(SlackChannel()), SlackWebhookSender)
    with_secrets(monkeypatch)
    assert isinstance(sender_for(SlackChannel()), BotSender)


@pytest.mark.parametrize(
    ("channel", "variable", "block"),
    [
        (PagerDutyChannel(), "PAGERDUTY_ROUTING_KEY", "pagerduty-routing-key"),
        (MAIL, "SMTP_PASSWORD", "smtp-password"),
        (WebhookChannel(), "DRIFTLOOP_WEBHOOK_URL", "driftloop-webhook-url"),
        (WebhookChannel(), "DRIFTLOOP_WEBHOOK_SECRET", "driftloop-webhook-secret"),
    ],
)
def test_a_missing_secret_keeps_the_message(
    monkeypatch: pytest.MonkeyPatch, channel: Channel, variable: str, block: str
) -> None:
    with_secrets(monkeypatch, variable)
    with pytest.raises(DeliveryError, match=f"{variable} or the Secret block {block}"):
        sender_for(channel)


def test_without_a_user_no_password_is_asked_for() -> None:
    sender = sender_for(MAIL.model_copy(update={"user": None}))
    assert isinstance(sender, MailSender)
    assert sender.password is None


def test_small_steps_are_for_threads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with_secrets(monkeypatch)
    assert sender_for(SlackChannel()).wants("started")
    assert not sender_for(PagerDutyChannel()).wants("started")
    assert not sender_for(PagerDutyChannel()).wants("digest")
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    webhook = sender_for(SlackChannel())
    steps = ("confirmed", "started", "acknowledged", "worsened", "digest")
    assert [step for step in steps if webhook.wants(step)] == ["worsened", "digest"]
