"""A webhook that takes one line of text, as docs/extending.md adds a channel for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from peers.http_peer import Answer, HttpPeer


@dataclass
class Recorder(HttpPeer):
    """Keeps the texts that were posted."""

    texts: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where texts are posted to."""
        return f"{self.root}/text"

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Keep the text."""
        self.texts.append(json.loads(body)["text"])
        return Answer(200, "ok")
