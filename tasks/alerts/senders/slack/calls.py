"""Calls of the Slack SDK: what they send, and when one is made again by itself."""

import logging
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import OutgoingMessage
from driftloop.alerts.messages.formats.slack import slack_blocks, slack_text
from tasks.alerts.senders import base
from tasks.alerts.senders.slack.errors import never_sent

if TYPE_CHECKING:
    from slack_sdk.http_retry.handler import RetryHandler


def content_of(
    outgoing: OutgoingMessage, channel: SlackChannel, answers: bool = False
) -> dict[str, Any]:
    """Return text and blocks as Slack's API takes them; with buttons where it can answer."""
    mention = channel.mention(outgoing.level) if outgoing.mention else ""
    return {
        "text": slack_text(outgoing.message, mention),
        "blocks": slack_blocks(outgoing.message, mention, answers),
    }


def quiet_logger() -> logging.Logger:
    """Return a logger for the SDK that is silent: it would log the webhook URL when it retries."""
    logger = logging.getLogger("driftloop.slack")
    logger.setLevel(logging.CRITICAL)
    return logger


def careful_retries() -> "list[RetryHandler]":
    """Return the retries of a call that must not be made twice.

    Only what came too fast, or what no connection was made for, is sent again.
    """
    return [_rate_limit(), _handler(lambda response, error: never_sent(error))]


def bold_retries() -> "list[RetryHandler]":
    """Return the retries of a call that may be made twice: on any silence or server error."""
    return [_rate_limit(), _handler(_any_fault)]


def _any_fault(response: Any, error: Exception | None) -> bool:
    if response is not None or isinstance(error, HTTPError):
        return response is not None and response.status_code >= 500
    return isinstance(error, URLError | ConnectionError | TimeoutError | IncompleteRead)


def _rate_limit() -> "RetryHandler":
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

    class RateLimit(RateLimitErrorRetryHandler):
        """Waits as long as Slack asks, unless that would hold up the run."""

        def _can_retry(self, **kwargs: Any) -> bool:
            response = kwargs.get("response")
            if not super()._can_retry(**kwargs) or response is None:
                return False
            names = {name.lower(): values for name, values in response.headers.items()}
            retry_after = names.get("retry-after", ["1"])[0]
            return retry_after.isdigit() and int(retry_after) <= base.LONGEST_WAIT

    return RateLimit(base.RETRIES)


def _handler(wanted: Any) -> "RetryHandler":
    from slack_sdk.http_retry import FixedValueRetryIntervalCalculator, RetryHandler

    class Again(RetryHandler):
        """Makes the call again after a pause where `wanted` says so."""

        def _can_retry(self, **kwargs: Any) -> bool:
            return bool(wanted(kwargs.get("response"), kwargs.get("error")))

    return Again(base.RETRIES, FixedValueRetryIntervalCalculator(base.PAUSE))
