"""The password of a stack in front of an ASGI application, as HTTP's basic authentication."""

import base64
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from tasks.stack.login.access import auth_string

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guarded:
    """Lets a request through that has the password, and comes from no other site's page.

    A browser sends the password by itself once it knows it, also for a page of another origin.
    Only ``/health`` is answered without it.
    """

    def __init__(self, app: App, password: str, others: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._password = password
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif refused := self._refusal(scope):
            await _answer(send, *refused)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if (scope["method"], scope["path"]) == ("GET", "/health"):
            return None
        origin = headers.get(b"origin")
        if (
            origin
            and origin not in self._others
            and urlsplit(origin).netloc != headers.get(b"host")
        ):
            return 403, "Cross-origin request refused."
        if not allowed(headers.get(b"authorization"), self._password):
            return 401, "The password of the stack is required."
        return None


def allowed(header: str | None, password: str) -> bool:
    """Say whether an ``Authorization`` header holds the user and the password.

    They are compared in constant time. Without a password nobody is let in.
    """
    scheme, _, received = (header or "").partition(" ")
    if not password or scheme.lower() != "basic":
        return False
    wanted = base64.b64encode(auth_string(password).encode())
    return hmac.compare_digest(received.strip().encode(), wanted)


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="driftloop", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
