"""Senders: a Slack bot token, a Slack webhook, or the console.

Errors never hold the token or the webhook URL, so texts of the Slack SDK that may are not passed
on.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import URLError

from rich.console import Console

from driftloop.channels import Channel, ConsoleChannel, SlackChannel
from driftloop.errors import DeliveryError
from driftloop.messages.message import Message
from tasks.credentials import secret_for
from tasks.rendering import draw

if TYPE_CHECKING:
    from slack_sdk.http_retry.handler import RetryHandler

TIMEOUT = 10
RETRIES = 2
PAUSE = 0.3
LONGEST_WAIT = 30

_TOKEN_MEND = (
    "put a valid bot token (xoxb-…) in {token_variable} or the Secret block {token_secret}"  # noqa: S105 - advice, no secret
)
_WEBHOOK = (
    "create a new incoming webhook and put its URL in {webhook_variable} "
    "or the Secret block {webhook_secret}"
)
_NAME = "check the name, and invite the bot if the channel is private"
_ARCHIVED = "unarchive it or name another channel"
_RULES = "ask a workspace admin to let the app post there"
_MENDS = {
    "invalid_auth": _TOKEN_MEND,
    "not_authed": _TOKEN_MEND,
    "account_inactive": _TOKEN_MEND,
    "token_revoked": _TOKEN_MEND,
    "token_expired": _TOKEN_MEND,
    "not_allowed_token_type": _TOKEN_MEND,
    "missing_scope": "give the bot the chat:write scope and install it again",
    "not_in_channel": "type /invite @your-bot in {channel}",
    "channel_not_found": _NAME,
    "is_archived": _ARCHIVED,
    "channel_is_archived": _ARCHIVED,
    "restricted_action": _RULES,
    "action_prohibited": _RULES,
    "ratelimited": "nothing to mend: the next run sends it",
    "invalid_token": _WEBHOOK,
    "no_service": _WEBHOOK,
    "no_service_id": _WEBHOOK,
    "no_active_hooks": _WEBHOOK,
    "no_team": _WEBHOOK,
    "team_disabled": _WEBHOOK,
}
_CODE = re.compile(r"[a-z_]{3,60}")


class Sender(Protocol):
    """What delivers messages to one channel."""

    @property
    def key(self) -> str:
        """The channel's name in the outbox."""

    def send(self, message: Message) -> str:
        """Deliver the message and return the receipt.

        Raises:
            DeliveryError: if it was not delivered; the text says what to mend.
        """


def sender_for(channel: Channel, console: Console | None = None) -> Sender:
    """Return the sender of a channel: the bot token wins over the webhook.

    Where neither is set, messages go to the console (standard error unless given).

    Raises:
        DeliveryError: if Prefect's Secret blocks cannot be read.
    """
    shown = console or Console(stderr=True)
    if isinstance(channel, ConsoleChannel):
        return ConsoleSender(channel.key, "driftloop", shown)
    if token := secret_for(channel.token_variable, channel.token_secret):
        return BotSender(channel, token)
    if url := secret_for(channel.webhook_variable, channel.webhook_secret):
        return WebhookSender(channel, url)
    title = f"{channel.channel} (not sent: {channel.token_variable} is not set)"
    return ConsoleSender(channel.key, title, shown)


@dataclass(frozen=True, slots=True)
class ConsoleSender:
    """Draws messages in the terminal."""

    key: str
    title: str
    console: Console

    def send(self, message: Message) -> str:
        """Draw the message and return ``console``."""
        draw(message, self.console, self.title)
        return "console"


@dataclass(frozen=True, slots=True)
class BotSender:
    """Posts to a Slack channel with a bot token."""

    channel: SlackChannel
    token: str = field(repr=False)

    @property
    def key(self) -> str:
        """The channel's name in the outbox."""
        return self.channel.key

    def send(self, message: Message) -> str:
        """Post the message and return Slack's timestamp of it.

        Raises:
            DeliveryError: if Slack refused it or did not answer.
        """
        from slack_sdk import WebClient

        client = WebClient(
            self.token,
            base_url=os.environ.get("SLACK_API_URL") or WebClient.BASE_URL,
            timeout=TIMEOUT,
            retry_handlers=_retry_handlers(),
            logger=_quiet_logger(),
        )
        payload = {"event_type": "driftloop", "event_payload": {"key": message.key}}
        with _one_line_errors(self.channel):
            answer = client.chat_postMessage(
                channel=self.channel.channel,
                text=message.text,
                blocks=list(message.blocks),
                metadata=payload,
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(answer["ts"])


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Posts to the channel of a Slack incoming webhook."""

    channel: SlackChannel
    url: str = field(repr=False)

    @property
    def key(self) -> str:
        """The channel's name in the outbox."""
        return self.channel.key

    def send(self, message: Message) -> str:
        """Post the message and return ``webhook``, for a webhook gives no timestamp.

        Raises:
            DeliveryError: if Slack refused it or did not answer.
        """
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(
            self.url, timeout=TIMEOUT, retry_handlers=_retry_handlers(), logger=_quiet_logger()
        )
        with _one_line_errors(self.channel):
            answer = client.send(
                text=message.text,
                blocks=list(message.blocks),
                unfurl_links=False,
                unfurl_media=False,
            )
        if answer.status_code != 200:
            raise _refused(self.channel, answer.status_code, answer.body)
        return "webhook"


def _retry_handlers() -> "list[RetryHandler]":
    from slack_sdk.http_retry import FixedValueRetryIntervalCalculator
    from slack_sdk.http_retry import builtin_handlers as builtin

    class RateLimit(builtin.RateLimitErrorRetryHandler):
        """Waits as long as Slack asks, unless that would hold up the run."""

        def _can_retry(self, **kwargs: Any) -> bool:
            response = kwargs.get("response")
            if not super()._can_retry(**kwargs) or response is None:
                return False
            names = {name.lower(): values for name, values in response.headers.items()}
            asked = names.get("retry-after", ["1"])[0]
            return asked.isdigit() and int(asked) <= LONGEST_WAIT

    pause = FixedValueRetryIntervalCalculator(PAUSE)
    return [
        RateLimit(RETRIES),
        builtin.ServerErrorRetryHandler(RETRIES, pause),
        builtin.ConnectionErrorRetryHandler(RETRIES, pause),
    ]


def _quiet_logger() -> logging.Logger:
    # The SDK logs the webhook URL when it retries; failures are told by DeliveryError instead.
    logger = logging.getLogger("driftloop.slack")
    logger.setLevel(logging.CRITICAL)
    return logger


@contextmanager
def _one_line_errors(channel: SlackChannel) -> Iterator[None]:
    """Turn whatever the SDK and urllib raise into one DeliveryError without secrets."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        yield
    except SlackApiError as error:
        answer = error.response
        raise _refused(channel, answer.status_code, str(answer.get("error", ""))) from None
    except OSError as error:
        reason = error.reason if isinstance(error, URLError) else error
        text = " ".join(str(reason).split()) or type(reason).__name__
        raise DeliveryError(
            f"Slack did not answer for {channel.channel} ({text}); the message is kept, "
            "check that this machine reaches Slack"
        ) from None
    except (SlackClientError, HTTPException, ValueError) as error:
        # These texts quote the address or the header, which hold the secret.
        raise DeliveryError(
            f"Slack could not be asked to post to {channel.channel} ({type(error).__name__}); "
            f"check the values behind {channel.token_variable} and {channel.webhook_variable}"
        ) from None


def _refused(channel: SlackChannel, status: int, answer: str) -> DeliveryError:
    code = answer if _CODE.fullmatch(answer) else f"HTTP {status}"
    mend = _MENDS.get(code, "the message is kept and the next run sends it again")
    names = channel.model_dump()
    return DeliveryError(
        f"Slack refused the message for {channel.channel} ({code}); {mend.format(**names)}"
    )
