"""Senders: what delivers messages to each kind of channel."""

from pathlib import Path

from rich.console import Console

from driftloop.alerts.channels import Channel
from driftloop.alerts.channels.apprise import AppriseChannel
from driftloop.alerts.channels.base import HttpChannel
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.channels.slack import SlackChannel
from tasks.alerts.senders.apprise import AppriseSender
from tasks.alerts.senders.base import Sender
from tasks.alerts.senders.console import ConsoleSender
from tasks.alerts.senders.http import HttpSender
from tasks.alerts.senders.mail import MailSender
from tasks.alerts.senders.page import PageSender
from tasks.alerts.senders.slack.bot import BotSender
from tasks.alerts.senders.slack.webhook import SlackWebhookSender
from tasks.runtime.credentials import required_secret, secret_for


def sender_for(channel: Channel, console: Console | None = None, state: Path = Path()) -> Sender:
    """Return the sender of a channel; for Slack the bot token wins over the webhook.

    Where a Slack channel has neither, its messages go to the `console`, by default on standard
    error. Pages are in the folder `state`.

    Raises:
        DeliveryError: if another channel lacks a secret, or Prefect's Secret blocks cannot be read.
    """
    match channel:
        case HttpChannel():
            needed = ((secret.variable, secret.block, secret.name) for secret in channel.secrets)
            return HttpSender(channel, tuple(required_secret(*secret) for secret in needed))
        case SlackChannel():
            return _slack(channel, console)
        case EmailChannel():
            what = f"The password of {channel.user} at {channel.host}"
            variable, block = channel.password_variable, channel.password_secret
            password = required_secret(variable, block, what) if channel.user is not None else None
            return MailSender(channel, password)
        case AppriseChannel():
            what = f"The address of the service {channel.name}"
            url = required_secret(channel.url_variable, channel.url_secret, what)
            return AppriseSender(channel, url)
        case PageChannel():
            return PageSender(channel, state / channel.path)
        case ConsoleChannel():
            return ConsoleSender(channel, "driftloop", console or Console(stderr=True))
    raise NotImplementedError(f"channels of kind {channel.kind} have no sender")


def _slack(channel: SlackChannel, console: Console | None) -> Sender:
    if token := secret_for(channel.token_variable, channel.token_secret):
        return BotSender(channel, token)
    if url := secret_for(channel.webhook_variable, channel.webhook_secret):
        return SlackWebhookSender(channel, url)
    title = f"{channel.channel} (not sent: {channel.token_variable} is not set)"
    return ConsoleSender(channel, title, console or Console(stderr=True))
