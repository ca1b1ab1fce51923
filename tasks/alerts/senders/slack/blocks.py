"""What a parcel shows in Slack: its message, and whom it mentions."""

from typing import Any

from driftloop.alerts.blocks import BLOCKS_LIMIT, section
from driftloop.alerts.channels import SlackChannel
from tasks.alerts.senders.base import Parcel


def text_of(parcel: Parcel, channel: SlackChannel) -> str:
    """Return the text of the notification, the mentioned people first."""
    mention = _mention(parcel, channel)
    return f"{mention} {parcel.message.text}" if mention else parcel.message.text


def blocks_of(parcel: Parcel, channel: SlackChannel) -> list[dict[str, Any]]:
    """Return what is shown; mentioned people stand last, for only what is shown tells them."""
    blocks, mention = list(parcel.message.blocks), _mention(parcel, channel)
    return [*blocks[: BLOCKS_LIMIT - 1], section(mention)] if mention else blocks


def _mention(parcel: Parcel, channel: SlackChannel) -> str:
    return channel.mention(parcel.level) if parcel.mention else ""
