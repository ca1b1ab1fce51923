"""The content of a Slack message: what it says, and whom it mentions."""

from typing import Any

from driftloop.alerts.channels import SlackChannel
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from tasks.alerts.senders.base import Parcel


def content_of(parcel: Parcel, channel: SlackChannel) -> dict[str, Any]:
    """Return text and blocks as Slack's API takes them."""
    mention = channel.mention(parcel.level) if parcel.mention else ""
    return {
        "text": slack_text(parcel.message, mention),
        "blocks": slack_blocks(parcel.message, mention),
    }
