"""Where messages go: one settings class a channel, joined on `kind`.

Settings name where a secret is kept, never the secret itself.
"""

from typing import Annotated, Literal

from pydantic import Field

from driftloop.settings import Settings


class SlackChannel(Settings):
    """A Slack channel, reached with a bot token or, failing that, an incoming webhook."""

    kind: Literal["slack"] = "slack"
    channel: str = Field(
        default="#ml-alerts",
        min_length=1,
        description="Channel name or id; a webhook ignores it and posts to the channel it is for",
    )
    token_variable: str = Field(
        default="SLACK_BOT_TOKEN",
        description="Environment variable that holds the bot token (xoxb-…)",
    )
    webhook_variable: str = Field(
        default="SLACK_WEBHOOK_URL",
        description="Environment variable that holds the incoming webhook URL",
    )
    token_secret: str = Field(
        default="slack-bot-token",
        description="Prefect Secret block read where the token variable is unset",
    )
    webhook_secret: str = Field(
        default="slack-webhook-url",
        description="Prefect Secret block read where the webhook variable is unset",
    )

    @property
    def key(self) -> str:
        """The name under which the outbox remembers deliveries to this channel."""
        return f"slack:{self.channel}"


class ConsoleChannel(Settings):
    """The terminal: messages are drawn as Slack would show them."""

    kind: Literal["console"] = "console"

    @property
    def key(self) -> str:
        """The name under which the outbox remembers deliveries to this channel."""
        return "console"


Channel = Annotated[SlackChannel | ConsoleChannel, Field(discriminator="kind")]
