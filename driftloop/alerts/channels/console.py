"""The terminal."""

from typing import Literal

from driftloop.alerts.channels.base import ChannelSettings


class ConsoleChannel(ChannelSettings):
    """The terminal: messages are drawn as Slack would show them."""

    kind: Literal["console"] = "console"
