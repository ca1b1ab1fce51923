"""A Pushgateway on 127.0.0.1 that keeps the newest push of every group."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from peers.http_peer import Answer, HttpPeer


@dataclass
class PushgatewayPeer(HttpPeer):
    """What the real one says of a push; with `password`, only to those who know it."""

    user: str = ""
    password: str = ""
    refusal: str = ""
    groups: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a push."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.password and headers.get("Authorization") != f"Basic {token}":
            return Answer(401, "Unauthorized")
        if self.refusal:
            return Answer(400, self.refusal)
        self.groups[path] = body.decode()
        return Answer(200, "")

    @property
    def payments(self) -> str:
        """The metrics of the model of the tests."""
        return self.groups["/metrics/job/driftloop/model/payments"]
