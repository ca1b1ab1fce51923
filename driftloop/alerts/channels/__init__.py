"""Channels that messages go to: one settings class each, joined on `kind`.

Settings name where a secret is kept, never the secret itself. `tasks.alerts.senders` reaches them.
"""

from typing import Annotated

from pydantic import Field

from driftloop.alerts.channels.base import LEVELS, ChannelSettings, Level, QuietHours
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.email import EmailChannel
from driftloop.alerts.channels.page import PageChannel
from driftloop.alerts.channels.pagerduty import PagerDutyChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.channels.webhook import WebhookChannel

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
