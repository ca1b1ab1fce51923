"""A signed JSON webhook: see docs/channels.md for what the receiver gets."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from driftloop.alerts.channels import WebhookChannel
from driftloop.alerts.incident import Receipt
from driftloop.alerts.messages.formats.plain_text import links, title, to_text
from driftloop.alerts.messages.formats.slack import slack_blocks
from driftloop.base.errors import DeliveryError
from tasks.alerts.senders.base import OutgoingMessage, RefusedError, ThreadlessSender
from tasks.alerts.senders.http import post

if TYPE_CHECKING:
    import httpx

VERSION = 1


@dataclass(frozen=True, slots=True)
class WebhookSender(ThreadlessSender):
    """Posts every event as JSON, signed so that the receiver knows who sent it and when."""

    channel: WebhookChannel
    url: str = field(repr=False)
    secret: str = field(repr=False)

    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Post the event; the receiver recognises repeats by their key.

        Raises:
            DeliveryError: if the endpoint refused it or did not answer.
        """
        body = json.dumps(content(outgoing, datetime.now(UTC)), ensure_ascii=False).encode()
        answer = post(
            self.url, body, headers(self.secret, outgoing.key, body), self._name, self._mend
        )
        if not answer.is_success:
            raise self._refused(answer)
        return Receipt("webhook", outgoing.key)

    @property
    def _name(self) -> str:
        return f"The webhook {self.channel.name}"

    @property
    def _mend(self) -> str:
        channel = self.channel
        return f"check the URL in {channel.url_variable} or the Secret block {channel.url_secret}"

    def _refused(self, answer: "httpx.Response") -> DeliveryError:
        status, channel = answer.status_code, self.channel
        remedy = self._mend
        if status in (401, 403):
            remedy = (
                f"check that the receiver has the secret in {channel.signing_variable} "
                f"or the Secret block {channel.signing_secret}"
            )
        elif answer.is_redirect:
            remedy = f"redirects are not followed; {remedy}"
        return RefusedError(
            f"{self._name} refused the message (HTTP {status}); {remedy}", f"HTTP {status}"
        )


def content(outgoing: OutgoingMessage, now: datetime) -> dict[str, Any]:
    """Return the event as it is sent; it holds no rows of data."""
    message = outgoing.message
    return {
        "version": VERSION,
        "key": outgoing.key,
        "kind": outgoing.kind,
        "severity": message.severity,
        "level": outgoing.level,
        "model": message.model,
        "incident": outgoing.incident,
        "title": title(message),
        "text": to_text(message),
        "links": [{"url": url, "label": label} for url, label in links(message)],
        "blocks": slack_blocks(message),
        "sent_at": now.isoformat(timespec="milliseconds"),
    }


def headers(secret: str, key: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign the body now and name its key; the key is percent-encoded."""
    timestamp, name = str(int(time.time())), quote(key, safe="/:+@,;=!*'()~")
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "driftloop",
        "X-Driftloop-Timestamp": timestamp,
        "X-Driftloop-Signature": f"v1={signature(secret, timestamp, body)}",
        "X-Driftloop-Key": name,
        "Idempotency-Key": name,
    }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of ``timestamp.body`` in hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(secret: str, timestamp: str, body: bytes, received: str, tolerance: float = 300) -> bool:
    """Say whether a signature is driftloop's and not older or newer than `tolerance` seconds.

    A receiver in Python can use this as it stands: `given` is the header
    ``X-Driftloop-Signature``, `timestamp` the header ``X-Driftloop-Timestamp``, and `body` the
    bytes as they came, before any parsing. The comparison takes equally long whatever is wrong.
    """
    expected = f"v1={signature(secret, timestamp, body)}"
    fresh = timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= tolerance
    return hmac.compare_digest(expected.encode(), received.encode()) and fresh
