"""Where messages go: one settings class a channel, joined on `kind`.

Settings name where a secret is kept, never the secret itself. How a channel is reached is told in
`tasks.senders`.
"""

from typing import Annotated

from pydantic import Field

from driftloop.channels.base import LEVELS, ChannelSettings, Level, QuietHours
from driftloop.channels.console import ConsoleChannel
from driftloop.channels.email import EmailChannel
from driftloop.channels.page import PageChannel
from driftloop.channels.pagerduty import PagerDutyChannel
from driftloop.channels.slack import SlackChannel
from driftloop.channels.webhook import WebhookChannel

Channel = Annotated[
    SlackChannel | PagerDutyChannel | EmailChannel | WebhookChannel | PageChannel | ConsoleChannel,
    Field(discriminator="kind"),
]

__all__ = [
    "LEVELS",
    "Channel",
    "ChannelSettings",
    "ConsoleChannel",
    "EmailChannel",
    "Level",
    "PageChannel",
    "PagerDutyChannel",
    "QuietHours",
    "SlackChannel",
    "WebhookChannel",
]
