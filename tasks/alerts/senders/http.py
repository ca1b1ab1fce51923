"""Channels reached by HTTP: posts that the receiver recognises, so that retries do no harm.

PagerDuty joins events by their dedup key and a webhook's receiver by its idempotency key. Proxies
and certificates come from the environment, as everywhere.
"""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftloop.alerts.channels.base import HttpChannel, HttpPost
from driftloop.alerts.message import Kind, OutgoingMessage, Receipt
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base
from tasks.alerts.senders.base import LostAnswerError, RefusedError, Sender
from tasks.runtime.redaction import redact

if TYPE_CHECKING:
    import httpx

_ADDRESS = re.compile(r"https?://[^\s/]\S*")


@dataclass(frozen=True, slots=True)
class HttpSender(Sender):
    """Posts what a channel says of a message, with the values of the channel's secrets."""

    channel: HttpChannel
    secrets: tuple[str, ...] = field(repr=False)

    def wants(self, kind: Kind) -> bool:
        return self.channel.wants(kind)

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Post the message and return its key as the receipt."""
        for content in self.channel.posts(outgoing, self.secrets, datetime.now(UTC)):
            answer = post(content, self.channel)
            refusal = self.channel.refusal(answer.status_code, answer.text)
            if refusal is not None:
                raise RefusedError(redact(refusal), f"HTTP {answer.status_code}")
        return Receipt(self.channel.kind, outgoing.key)


def post(content: HttpPost, channel: HttpChannel) -> "httpx.Response":
    """Post to a channel and return the answer, which may be a refusal; follow no redirects.

    Rate limits, server errors and lost connections are retried after a pause.

    Raises:
        LostAnswerError: if the service did not answer, or could not in the end.
        DeliveryError: if the URL is not valid, or the service is rate-limited.
    """
    if _ADDRESS.fullmatch(content.url) is None:
        raise DeliveryError(
            f"{channel.label} could not be reached: its URL is not valid; {channel.remedy}"
        )
    pause = base.PAUSE
    failure: DeliveryError
    for attempt in range(1 + base.RETRIES):
        answer = _answer(content, channel)
        if isinstance(answer, LostAnswerError):
            failure, wait = answer, pause
        elif answer.status_code == 429 or answer.status_code >= 500:
            failure = _failed(channel.label, answer.status_code)
            retry_after = answer.headers.get("retry-after", "")
            wait = max(pause, int(retry_after)) if retry_after.isdecimal() else pause
        else:
            return answer
        if attempt == base.RETRIES or wait > base.LONGEST_WAIT:
            break
        time.sleep(wait)
        pause *= 2
    raise failure


def _answer(content: HttpPost, channel: HttpChannel) -> "httpx.Response | LostAnswerError":
    import httpx

    try:
        with httpx.Client(timeout=base.TIMEOUT, follow_redirects=False) as client:
            return client.post(content.url, content=content.body, headers=dict(content.headers))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise DeliveryError(
            f"{channel.label} could not be reached ({type(error).__name__}); {channel.remedy}"
        ) from None
    except httpx.RequestError as error:
        text = redact(" ".join(str(error).split())) or type(error).__name__
        return LostAnswerError(
            f"{channel.label} did not answer ({text}); the message is kept, "
            "check that this machine reaches it"
        )


def _failed(service: str, status: int) -> DeliveryError:
    if status == 429:
        return DeliveryError(
            f"{service} is rate-limited (HTTP 429); the next run sends the message"
        )
    return LostAnswerError(
        f"{service} failed (HTTP {status}); the message is kept and the next run sends it"
    )
