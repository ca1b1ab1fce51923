"""Any HTTP endpoint, by a signed JSON webhook: docs/channels.md says what the receiver gets."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from driftloop.alerts.channels.base import ChannelSecret, HttpChannel, HttpPost
from driftloop.alerts.message import OutgoingMessage
from driftloop.alerts.messages.formats.plain_text import links, title, to_text
from driftloop.alerts.messages.formats.slack import slack_blocks
from driftloop.base.settings import secret_block, secret_variable

VERSION = 1


class WebhookChannel(HttpChannel):
    """An HTTP endpoint of your own that gets every event as JSON, signed with HMAC-SHA256.

    The URL is a secret, because many carry a token. The signature covers a timestamp and the body,
    so that the receiver can tell who sent it and refuse replays.
    """

    kind: Literal["webhook"] = "webhook"
    identified_by = "name"
    name: str = Field(
        default="default", min_length=1, description="A name of your own for the endpoint."
    )
    url_variable: str = secret_variable("DRIFTLOOP_WEBHOOK_URL", "the URL")
    url_secret: str = secret_block("driftloop-webhook-url", "URL variable")
    signing_variable: str = secret_variable("DRIFTLOOP_WEBHOOK_SECRET", "the signing secret")
    signing_secret: str = secret_block("driftloop-webhook-secret", "signing variable")

    @property
    def label(self) -> str:
        return f"The webhook {self.name}"

    @property
    def secrets(self) -> tuple[ChannelSecret, ...]:
        whose = f"of the webhook {self.name}"
        return (
            ChannelSecret(f"The URL {whose}", self.url_variable, self.url_secret),
            ChannelSecret(
                f"The signing secret {whose}", self.signing_variable, self.signing_secret
            ),
        )

    def posts(
        self, outgoing: OutgoingMessage, secrets: tuple[str, ...], now: datetime
    ) -> tuple[HttpPost, ...]:
        """Return the event as it is posted; it holds no rows of data."""
        url, secret = secrets
        body = json.dumps(_content(outgoing, now), ensure_ascii=False).encode()
        return (HttpPost(url, body, headers(secret, outgoing.key, body, now)),)

    def refusal(self, status: int, answer: str) -> str | None:
        refused = f"{self.label} refused the message (HTTP {status});"
        if status in (401, 403):
            return (
                f"{refused} check that the receiver has the secret in {self.signing_variable} "
                f"or the Secret block {self.signing_secret}"
            )
        if 300 <= status < 400:
            return f"{refused} redirects are not followed; {self.remedy}"
        return super().refusal(status, answer)


def _content(outgoing: OutgoingMessage, now: datetime) -> dict[str, Any]:
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


def headers(secret: str, key: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that sign the body and name its key; the key is percent-encoded."""
    timestamp, name = str(int(now.timestamp())), quote(key, safe="/:+@,;=!*'()~")
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "driftloop",
        "X-Driftloop-Timestamp": timestamp,
        "X-Driftloop-Signature": f"v1={_signature(secret, timestamp, body)}",
        "X-Driftloop-Key": name,
        "Idempotency-Key": name,
    }


def _signature(secret: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
