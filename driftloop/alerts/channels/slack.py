"""A Slack channel, by bot token or incoming webhook."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from driftloop.alerts.channels.base import ChannelSettings
from driftloop.alerts.message import LEVELS, Level
from driftloop.base.settings import secret_block, secret_variable

_MENTION = r"^([SUW][A-Z0-9]{2,20}|here|channel)$"


def _mentioned(name: str) -> str:
    if not re.fullmatch(_MENTION, name):
        raise ValueError(
            f"received {name!r}; valid: here, channel, or the id of a user group such as S0123ABCD "
            "or of a person such as U0123ABCD"
        )
    return name


def _person(name: str) -> str:
    if not re.fullmatch(_PERSON, name):
        raise ValueError(f"received {name!r}; valid: the id of a user such as U0123ABCD")
    return name


_PERSON = "^[UW][A-Z0-9]{2,20}$"
Person = Annotated[str, AfterValidator(_person), Field(json_schema_extra={"pattern": _PERSON})]
Mention = Annotated[str, AfterValidator(_mentioned), Field(json_schema_extra={"pattern": _MENTION})]


class SlackChannel(ChannelSettings):
    """A Slack channel, reached with a bot token or, failing that, an incoming webhook.

    With a bot token an incident is one message that is updated in place, with a thread. A webhook
    can only post: it gets one message per event.
    """

    kind: Literal["slack"] = "slack"
    identified_by = "channel"
    channel: str = Field(
        default="#ml-alerts",
        min_length=1,
        description="Channel name or id; a webhook ignores it and posts to the channel it is for",
    )
    mentions: tuple[Mention, ...] = Field(
        default=(),
        description="Who is mentioned: ids of user groups (S…) or users (U…), here or channel.",
    )
    mention_at: Level = Field(
        default="page", description="Least severity at which they are mentioned."
    )
    token_variable: str = secret_variable("SLACK_BOT_TOKEN", "the bot token (xoxb-…)")
    answered_by: tuple[Person, ...] = Field(
        default=(),
        description="Ids of the users (U…) who may press the buttons below messages; without any "
        "there are none. They need a bot token, an app token with Socket Mode and `driftloop up`.",
    )
    app_token_variable: str = secret_variable(
        "SLACK_APP_TOKEN", "the app token (xapp-…), for buttons"
    )
    app_token_secret: str = secret_block("slack-app-token", "app token variable")
    webhook_variable: str = secret_variable("SLACK_WEBHOOK_URL", "the incoming webhook URL")
    token_secret: str = secret_block("slack-bot-token", "token variable")
    webhook_secret: str = secret_block("slack-webhook-url", "webhook variable")

    def mention(self, level: Level) -> str:
        """Return Slack's markup that mentions people at this severity, or nothing."""
        if LEVELS.index(level) < LEVELS.index(self.mention_at):
            return ""
        return " ".join(_markup(name) for name in self.mentions)


def _markup(name: str) -> str:
    if name in ("here", "channel"):
        return f"<!{name}>"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"
