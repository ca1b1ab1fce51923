"""A loopback stand-in for Slack's Socket Mode: it sends presses, and notes their receipts."""

import json
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve


class SlackSocket:
    """A web socket on 127.0.0.1, alive inside a `with` block."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._connected, self._heard = threading.Event(), threading.Condition()
        self._connection: ServerConnection | None = None

    def __enter__(self) -> Self:
        self._server: Server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """What apps.connections.open answers."""
        host, port = self._server.socket.getsockname()[:2]
        return f"ws://{host}:{port}/link?ticket=1"

    def send(self, envelope: str, payload: dict[str, Any]) -> None:
        """Send an interactive request, and wait until it was acknowledged."""
        assert self._connected.wait(30), "nobody connected"
        assert self._connection is not None
        whole = {"type": "interactive", "envelope_id": envelope, "payload": payload}
        self._connection.send(json.dumps(whole))
        with self._heard:
            assert self._heard.wait_for(lambda: envelope in self.acknowledged, 30)

    def _serve(self, connection: ServerConnection) -> None:
        self._connection = connection
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        self._connected.set()
        with suppress(ConnectionClosed):  # the SDK leaves without a closing frame
            for text in connection:
                with self._heard:
                    self.acknowledged.append(json.loads(text)["envelope_id"])
                    self._heard.notify_all()
