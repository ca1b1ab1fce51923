"""A loopback receiver of driftloop's JSON webhook, which checks signatures on its own."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from peers.http_peer import Answer, HttpPeer


@dataclass
class HookPeer(HttpPeer):
    """An endpoint on 127.0.0.1; `events` holds each event once, `deliveries` every arrival."""

    secret: str = "peer-signing-secret"
    path: str = "/hooks/peer-path-secret"
    status: int = 204
    location: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where events are posted to."""
        return self.root + self.path

    @property
    def keys(self) -> list[str]:
        """The keys of the events, in order."""
        return [event["key"] for event in self.events]

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take an event whose signature is good and fresh; one that is known is not kept again."""
        if path != self.path:
            return Answer(404, "")
        if not self._signed(headers, body):
            return Answer(401, "bad signature")
        if self.status >= 300:
            return Answer(self.status, "", {"Location": self.location} if self.location else {})
        event, key = json.loads(body), headers["Idempotency-Key"]
        with self._lock:
            if key not in self.deliveries:
                self.events.append(event)
            self.deliveries.append(key)
        return Answer(self.status, "")

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        timestamp = headers.get("X-Driftloop-Timestamp", "")
        signed = f"{timestamp}.{body.decode()}".encode()
        good = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        fresh = timestamp.isdecimal() and abs(time.time() - int(timestamp)) < 300
        return fresh and headers.get("X-Driftloop-Signature") == f"v1={good}"
