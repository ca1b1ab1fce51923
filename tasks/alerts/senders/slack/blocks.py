"""The content of a Slack message: what it says, and whom it mentions."""

from typing import Any

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from driftloop.alerts.outgoing import OutgoingMessage


def content_of(outgoing: OutgoingMessage, channel: SlackChannel) -> dict[str, Any]:
    """Return text and blocks as Slack's API takes them."""
    mention = channel.mention(outgoing.level) if outgoing.mention else ""
    return {
        "text": slack_text(outgoing.message, mention),
        "blocks": slack_blocks(outgoing.message, mention),
    }
