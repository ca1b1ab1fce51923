"""Errors for what Slack refuses or leaves unanswered, in one line that says how to fix it.

Errors never hold the token or the webhook URL, so texts of the Slack SDK that may are not passed
on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, InvalidURL
from json import JSONDecodeError
from socket import gaierror
from urllib.error import URLError

from driftloop.alerts.channels.slack import SlackChannel
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders.base import LostAnswerError, RefusedError, UnderWayError
from tasks.runtime.redaction import redact

_TOKEN = "put a valid bot token (xoxb-…) in {token_variable} or the Secret block {token_secret}"  # noqa: S105 - advice, no secret
_WEBHOOK = (
    "create a new incoming webhook and put its URL in {webhook_variable} "
    "or the Secret block {webhook_secret}"
)
_CODES = {
    _TOKEN: "invalid_auth not_authed account_inactive token_revoked token_expired "
    "not_allowed_token_type",
    "give the bot the chat:write scope and install it again": "missing_scope",
    "type /invite @your-bot in {channel}": "not_in_channel",
    "check the name, and invite the bot if the channel is private": "channel_not_found",
    "unarchive it or configure another channel": "is_archived channel_is_archived",
    "ask a workspace admin to let the app post there": "restricted_action action_prohibited",
    "nothing to fix: the next run sends it": "ratelimited",
    _WEBHOOK: "invalid_token no_service no_service_id no_active_hooks no_team team_disabled",
}
_REMEDIES = {code: remedy for remedy, codes in _CODES.items() for code in codes.split()}
_CODE = re.compile(r"[a-z_]{3,60}")
# With these Slack says that the request may have been carried out, or that it does not know.
_UNSURE = {"fatal_error", "internal_error", "service_unavailable", "request_timeout"}


@contextmanager
def one_line_errors(channel: SlackChannel) -> Iterator[None]:
    """Turn whatever the SDK and urllib raise into one DeliveryError without secrets.

    Raises:
        RefusedError: if Slack answered that it does not take the message.
        LostAnswerError: if it may have taken it.
        DeliveryError: if the message certainly did not reach it.
    """
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        yield
    except SlackApiError as error:
        answer = error.response
        raise refused(channel, answer.status_code, str(answer.get("error", ""))) from None
    except (OSError, JSONDecodeError) as error:
        raise _silent(channel, error) from None
    except (SlackClientError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPException) and not isinstance(error, InvalidURL):
            raise _silent(channel, error) from None
        # These texts quote the address or the header, which hold the secret.
        raise DeliveryError(
            f"Slack could not be called to post to {channel.channel} ({type(error).__name__}); "
            f"check the values behind {channel.token_variable} and {channel.webhook_variable}"
        ) from None


def refused(channel: SlackChannel, status: int, answer: str) -> DeliveryError:
    """Return the error for what Slack answered: refused, or lost where it does not know itself."""
    known = _CODE.fullmatch(answer) is not None
    code = answer if known else f"HTTP {status}"
    failed = status == 408 or status >= 500
    if failed or code in _UNSURE or (status == 200 and not known):
        return LostAnswerError(
            f"Slack failed over the message for {channel.channel} ({code}), which may have "
            "arrived; it is kept and the next run sends it"
        )
    remedy = _REMEDIES.get(code, "the message is kept and the next run sends it again")
    names = channel.model_dump()
    return RefusedError(
        f"Slack refused the message for {channel.channel} ({code}); {remedy.format(**names)}", code
    )


def never_sent(error: BaseException | None) -> bool:
    """Return whether a connection was not even made, so that nothing can have arrived."""
    cause = error.reason if isinstance(error, URLError) else error
    return isinstance(cause, ConnectionRefusedError | gaierror)


def _silent(channel: SlackChannel, error: Exception) -> DeliveryError:
    reason = error.reason if isinstance(error, URLError) else error
    garbled = isinstance(error, JSONDecodeError | HTTPException)
    text = "" if garbled else redact(" ".join(str(reason).split()))
    failure = f"Slack did not answer for {channel.channel} ({text or type(reason).__name__})"
    if never_sent(error):
        return DeliveryError(
            f"{failure}; the message is kept, check that this machine reaches Slack"
        )
    kind = UnderWayError if isinstance(reason, TimeoutError) else LostAnswerError
    return kind(
        f"{failure}, the message may have arrived; it is kept, check that this machine reaches "
        "Slack"
    )
