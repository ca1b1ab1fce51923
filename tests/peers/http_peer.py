"""An HTTP server on 127.0.0.1 that misbehaves on request, for the peers to build on."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

Fault = Literal[
    "rate_limit",
    "error",
    "reset",
    "slow",
    "cut",
    "error_after_accepting",
    "reset_after_accepting",
    "slow_after_accepting",
]
"""What becomes of a request.

`cut`: accepted, and reset in the middle of the answer. `slow`: accepted late. The others say what
they do, before the request was read by the peer or after it was accepted.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer says."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class HttpPeer:
    """A server that is alive inside a `with` block; `answer` is what a peer has of its own."""

    requests: list[str] = field(default_factory=list, kw_only=True)
    _faults: list[tuple[Fault, float, str]] = field(default_factory=list, kw_only=True)
    _port: int = field(default=0, kw_only=True)

    def __enter__(self) -> Self:
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.reopen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._server is not None:
            self.close()

    def close(self) -> None:
        """Refuse connections from now on."""
        server, self._server = self._server, None
        assert server is not None
        server.shutdown()
        server.server_close()
        self._thread.join()

    def reopen(self) -> None:
        """Answer again, on the same port."""
        self._server: _Server | None = _Server(("127.0.0.1", self._port), _Handler)
        self._server.peer = self
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections inside the block."""
        self.close()
        try:
            yield
        finally:
            self.reopen()

    @property
    def root(self) -> str:
        """The address of the peer without a path."""
        return f"http://127.0.0.1:{self._port}"

    def misbehave(self, fault: Fault, times: int = 1, seconds: float = 0, only: str = "") -> None:
        """Answer the next requests with a fault; seconds are Retry-After or the delay.

        `only` holds it back for requests whose path ends so.
        """
        self._faults += [(fault, seconds, only)] * times

    def recover(self) -> None:
        """Forget the faults that have not been met yet."""
        self._faults.clear()

    def take_fault(self, path: str) -> tuple[Fault | None, float]:
        """Record a request and return the fault it meets."""
        with self._lock:
            self.requests.append(path)
            for fault in self._faults:
                if path.endswith(fault[2]):
                    self._faults.remove(fault)
                    return fault[:2]
            return None, 0

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than the peer lives."""
        self._stopping.wait(seconds)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request that met no fault."""
        raise NotImplementedError

    def too_much(self) -> str:
        """Return the body of an answer to too many requests."""
        return "Too Many Requests"


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server then waits for its threads
    peer: HttpPeer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that go; an error of the peer itself is an answer of 500."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault, seconds = peer.take_fault(self.path)
        if fault == "reset":
            self._reset()
        elif fault == "rate_limit":
            self._answer(Answer(429, peer.too_much(), {"Retry-After": str(int(seconds))}))
        elif fault == "error":
            self._answer(Answer(500, "Internal Server Error"))
        else:
            if fault == "slow":
                peer.wait(seconds)
            self._after(fault, seconds, peer.answer(self.path, self.headers, body))

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def _after(self, fault: Fault | None, seconds: float, answer: Answer) -> None:
        """Let go wrong what goes wrong once a request was accepted."""
        if fault == "reset_after_accepting":
            self._reset()
        elif fault == "error_after_accepting":
            self._answer(Answer(500, "Internal Server Error"))
        elif fault == "cut":
            self._answer(answer, len(answer.body) // 2)
            self._reset()
        else:
            if fault == "slow_after_accepting":
                self.server.peer.wait(seconds)
            self._answer(answer)

    def _answer(self, answer: Answer, part: int | None = None) -> None:
        content = answer.body.encode()
        self.send_response(answer.status)
        json = answer.body.startswith("{")
        kind = "application/json; charset=utf-8" if json else "text/html"
        for name, value in {"Content-Type": kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        try:
            self.end_headers()
            self.wfile.write(content[:part])
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # a client that lost patience is what some tests want

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Keep the terminal quiet."""
