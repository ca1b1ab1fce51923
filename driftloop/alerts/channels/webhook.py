"""Any HTTP endpoint, by a signed JSON webhook."""

from typing import Literal

from pydantic import Field

from driftloop.alerts.channels.base import ChannelSettings


class WebhookChannel(ChannelSettings):
    """An HTTP endpoint of your own that gets every event as JSON, signed with HMAC-SHA256.

    The URL is a secret, because many carry a token. The signature covers a timestamp and the body,
    so that the receiver can tell who sent it and refuse replays.
    """

    kind: Literal["webhook"] = "webhook"
    name: str = Field(
        default="default", min_length=1, description="A name of your own for the endpoint."
    )
    url_variable: str = Field(
        default="DRIFTLOOP_WEBHOOK_URL", description="Environment variable that holds the URL."
    )
    url_secret: str = Field(
        default="driftloop-webhook-url",
        description="Prefect Secret block read where the URL variable is unset.",
    )
    signing_variable: str = Field(
        default="DRIFTLOOP_WEBHOOK_SECRET",
        description="Environment variable that holds the signing secret.",
    )
    signing_secret: str = Field(
        default="driftloop-webhook-secret",
        description="Prefect Secret block read where the signing variable is unset.",
    )

    @property
    def key(self) -> str:
        """The name under which deliveries to this channel are remembered."""
        return f"webhook:{self.name}"
