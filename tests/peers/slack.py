"""A loopback stand-in for Slack: the Web API methods and the webhook that driftloop uses.

It checks what Slack documents and answers with Slack's own error codes, records what was posted,
and misbehaves on request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from peers.http_peer import Answer, Fault, HttpPeer
from peers.slack_content import refuse
from peers.slack_workspace import File, Post, Told, Workspace

__all__ = ["Fault", "File", "Post", "SlackPeer", "Told"]

_WEBHOOK_STATUS = {"no_service": 404, "channel_is_archived": 410, "invalid_token": 403}
_AS_JSON = {"blocks", "metadata", "files"}


@dataclass
class SlackPeer(HttpPeer, Workspace):
    """A Slack on 127.0.0.1, alive inside a `with` block."""

    token: str = "xoxb-peer-token"
    webhook_path: str = "/services/T000/B000/peer-secret"
    app_token: str = "xapp-peer-token"
    socket_url: str = ""
    whispers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL must be."""
        return f"{self.root}/api/"

    @property
    def webhook_url(self) -> str:
        """What SLACK_WEBHOOK_URL must be."""
        return self.root + self.webhook_path

    def upload_url(self, file_id: str) -> str:
        """The address that the bytes of a file are posted to."""
        return f"{self.root}/upload/v1/{file_id}"

    def call(self, method: str, token: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a Web API call."""
        if method == "apps.connections.open":
            if token != self.app_token:
                return refuse("invalid_auth")
            return {"ok": True, "url": self.socket_url}
        if method == "chat.postEphemeral" and token == self.token:
            self.whispers.append((str(body["user"]), str(body["text"])))
            return {"ok": True, "message_ts": "1.0"}
        if token != self.token:
            return refuse("invalid_auth" if token else "not_authed")
        return self.method(method, body)

    def webhook(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """Answer an incoming webhook with a status and a text."""
        if path != self.webhook_path:
            return 404, "no_service"
        with self._lock:
            answer = self._post({**body, "channel": self.channels[0]})
        if answer["ok"]:
            return 200, "ok"
        code = {"is_archived": "channel_is_archived"}.get(answer["error"], answer["error"])
        return _WEBHOOK_STATUS.get(code, 400), code

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request: an upload, a Web API method, or the webhook."""
        if path.startswith("/upload/v1/"):
            return Answer(*self.upload(path.removeprefix("/upload/v1/"), body))
        content, error = _parse(headers, body)
        if not path.startswith("/api/"):
            return Answer(*((400, "invalid_payload") if error else self.webhook(path, content)))
        if error:
            return Answer(200, json.dumps(refuse(error)))
        kind, _, token = headers.get("Authorization", "").partition(" ")
        given = token if kind == "Bearer" else None
        return Answer(200, json.dumps(self.call(path.removeprefix("/api/"), given, content)))

    def too_much(self) -> str:
        """Return Slack's body of a 429."""
        return json.dumps(refuse("ratelimited"))


def _parse(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the JSON or form body, or the error Slack gives for it."""
    header = Message()
    header["Content-Type"] = headers.get("Content-Type", "application/x-www-form-urlencoded")
    kind = header.get_content_type()
    try:
        if kind == "application/json":
            content = json.loads(body or b"{}")  # a call without arguments has no body
            return (content, None) if isinstance(content, dict) else ({}, "json_not_object")
        if kind != "application/x-www-form-urlencoded":
            return {}, "invalid_post_type"
        form: dict[str, Any] = {key: value[0] for key, value in parse_qs(body.decode()).items()}
        if "payload" in form:
            return json.loads(form["payload"]), None
        for name in _AS_JSON & form.keys():
            form[name] = json.loads(form[name])
    except ValueError:
        return {}, "invalid_json" if kind == "application/json" else "invalid_blocks_format"
    return form, None
