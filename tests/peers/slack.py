"""A loopback stand-in for Slack: the Web API methods and the webhook that driftloop uses.

It checks what Slack documents and answers with Slack's own error codes, records what was posted,
and misbehaves on request.
"""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs

Fault = Literal["rate_limit", "error", "reset", "slow", "error_after_accepting"]

_SECTION_LIMIT, _FIELD_LIMIT, _HEADER_LIMIT, _BLOCKS_LIMIT, _TEXT_LIMIT = (
    3000,
    2000,
    150,
    50,
    40_000,
)
_WEBHOOK_STATUS = {"no_service": 404, "channel_is_archived": 410, "invalid_token": 403}


@dataclass(frozen=True, slots=True)
class Post:
    """A message the peer accepted."""

    channel: str
    text: str
    blocks: list[dict[str, Any]]
    ts: str
    thread_ts: str | None
    key: str | None


@dataclass
class SlackPeer:
    """A Slack on 127.0.0.1, alive inside a `with` block."""

    token: str = "xoxb-peer-token"
    channels: tuple[str, ...] = ("#ml-alerts",)
    not_joined: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()
    webhook_path: str = "/services/T000/B000/peer-secret"
    posts: list[Post] = field(default_factory=list)
    updates: list[Post] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _faults: list[tuple[Fault, float]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.peer = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> str:
        """The address of the peer without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL must be."""
        return f"{self.root}/api/"

    @property
    def webhook_url(self) -> str:
        """What SLACK_WEBHOOK_URL must be."""
        return self.root + self.webhook_path

    @property
    def keys(self) -> list[str | None]:
        """The idempotency keys of the posts, in order."""
        return [post.key for post in self.posts]

    def misbehave(self, fault: Fault, times: int = 1, seconds: float = 0) -> None:
        """Answer the next requests with a fault; seconds are Retry-After or the delay."""
        self._faults += [(fault, seconds)] * times

    def take_fault(self, path: str) -> tuple[Fault | None, float]:
        """Record a request and return the fault it meets."""
        with self._lock:
            self.requests.append(path)
            return self._faults.pop(0) if self._faults else (None, 0)

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than the peer lives."""
        self._stopping.wait(seconds)

    def call(self, method: str, token: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a Web API call."""
        if method not in ("auth.test", "chat.postMessage", "chat.update"):
            return _refuse("unknown_method")
        if token != self.token:
            return _refuse("invalid_auth" if token else "not_authed")
        if method == "auth.test":
            return {"ok": True, "team": "Peer", "user": "driftloop", "bot_id": "B000"}
        return self._post(body, update=method == "chat.update")

    def webhook(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """Answer an incoming webhook with a status and a text."""
        if path != self.webhook_path:
            return 404, "no_service"
        answer = self._post({**body, "channel": self.channels[0]}, update=False)
        if answer["ok"]:
            return 200, "ok"
        code = {"is_archived": "channel_is_archived"}.get(answer["error"], answer["error"])
        return _WEBHOOK_STATUS.get(code, 400), code

    def _post(self, body: dict[str, Any], update: bool) -> dict[str, Any]:
        channel = body.get("channel")
        if channel in self.archived:
            return _refuse("is_archived")
        if channel in self.not_joined:
            return _refuse("not_in_channel")
        if channel not in self.channels:
            return _refuse("channel_not_found")
        problem = _content_problem(body)
        if problem is not None:
            return problem
        with self._lock:
            return self._update(body) if update else self._accept(body)

    def _accept(self, body: dict[str, Any]) -> dict[str, Any]:
        post = _post(body, f"1700000000.{len(self.posts) + 1:06d}")
        self.posts.append(post)
        return {"ok": True, "channel": post.channel, "ts": post.ts, "message": body}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("ts") not in [post.ts for post in self.posts]:
            return _refuse("message_not_found")
        self.updates.append(_post(body, body["ts"]))
        return {"ok": True, "channel": body["channel"], "ts": body["ts"], "text": body.get("text")}


def _post(body: dict[str, Any], ts: str) -> Post:
    payload = (body.get("metadata") or {}).get("event_payload", {})
    return Post(
        body["channel"],
        body.get("text") or "",
        body.get("blocks") or [],
        ts,
        body.get("thread_ts"),
        payload.get("key"),
    )


def _refuse(error: str, *details: str) -> dict[str, Any]:
    extra = {"response_metadata": {"messages": list(details)}} if details else {}
    return {"ok": False, "error": error, **extra}


def _content_problem(body: dict[str, Any]) -> dict[str, Any] | None:
    blocks = body.get("blocks")
    if blocks is not None and not isinstance(blocks, list):
        return _refuse("invalid_blocks_format")
    if not body.get("text") and not blocks:
        return _refuse("no_text")
    if len(body.get("text") or "") > _TEXT_LIMIT:
        return _refuse("msg_too_long")
    found = _block_problems(blocks or [])
    return _refuse("invalid_blocks", *found) if found else None


def _block_problems(blocks: list[Any]) -> list[str]:
    if len(blocks) > _BLOCKS_LIMIT:
        return [f"[ERROR] no more than {_BLOCKS_LIMIT} items allowed [json-pointer:/blocks]"]
    found = []
    for index, block in enumerate(blocks):
        problem = _block_problem(block)
        if problem:
            found.append(f"[ERROR] {problem} [json-pointer:/blocks/{index}]")
    return found


def _block_problem(block: Any) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "header":
        return _text_problem(block.get("text"), _HEADER_LIMIT, ("plain_text",))
    if kind == "section":
        return _section_problem(block)
    if kind == "context":
        return _texts_problem(block.get("elements"), _SECTION_LIMIT)
    return None if kind == "divider" else f"unsupported type: {kind}"


def _section_problem(block: dict[str, Any]) -> str | None:
    if "text" not in block and "fields" not in block:
        return "missing required field: text"
    if "text" in block:
        return _text_problem(block["text"], _SECTION_LIMIT, ("plain_text", "mrkdwn"))
    return _texts_problem(block["fields"], _FIELD_LIMIT)


def _texts_problem(texts: Any, limit: int) -> str | None:
    if not isinstance(texts, list) or not 1 <= len(texts) <= 10:
        return "must be 1 to 10 items"
    problems = (_text_problem(text, limit, ("plain_text", "mrkdwn")) for text in texts)
    return next((problem for problem in problems if problem), None)


def _text_problem(text: Any, limit: int, kinds: tuple[str, ...]) -> str | None:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return "bad text object"
    content = text.get("text")
    if not isinstance(content, str) or not content:
        return "must be more than 0 characters"
    return f"must be less than {limit + 1} characters" if len(content) > limit else None


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server then waits for its threads
    peer: SlackPeer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault, seconds = peer.take_fault(self.path)
        if fault == "reset":
            self._reset()
        elif fault == "rate_limit":
            answer = json.dumps(_refuse("ratelimited"))
            self._answer(429, answer, {"Retry-After": str(int(seconds))})
        elif fault == "error":
            self._answer(500, "Internal Server Error")
        else:
            peer.wait(seconds)
            status, answer = self._dispatch(body)
            if fault == "error_after_accepting":
                status, answer = 500, "Internal Server Error"
            self._answer(status, answer)

    def _dispatch(self, body: bytes) -> tuple[int, str]:
        peer, method = self.server.peer, self.path.removeprefix("/api/")
        content, error = self._parse(body)
        if method == self.path:
            return (400, "invalid_payload") if error else peer.webhook(self.path, content)
        if error:
            return 200, json.dumps(_refuse(error))
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        given = token if kind == "Bearer" else content.get("token")
        return 200, json.dumps(peer.call(method, given, content))

    def _parse(self, body: bytes) -> tuple[dict[str, Any], str | None]:
        """Return the JSON or form body, or the error Slack gives for it."""
        kind = self.headers.get_content_type()
        try:
            if kind == "application/json":
                content = json.loads(body)
                return (content, None) if isinstance(content, dict) else ({}, "json_not_object")
            if kind != "application/x-www-form-urlencoded":
                return {}, "invalid_post_type"
            form: dict[str, Any] = {key: value[0] for key, value in parse_qs(body.decode()).items()}
            if "payload" in form:
                return json.loads(form["payload"]), None
            for name in {"blocks", "metadata"} & form.keys():
                form[name] = json.loads(form[name])
        except ValueError:
            return {}, "invalid_json" if kind == "application/json" else "invalid_blocks_format"
        return form, None

    def _answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        kind = "application/json; charset=utf-8" if body.startswith("{") else "text/html"
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # a client that lost patience is what some tests want

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Keep the terminal quiet."""
