"""The password of a stack in front of an ASGI application, as HTTP's basic authentication."""

import base64
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tasks.stack.login.access import auth_string


class Guarded:
    """Lets a request through that has the password, and comes from no other site's page.

    A browser sends the password by itself once it knows it, also for a page of another origin.
    Only ``/health`` is answered without it.
    """

    def __init__(self, app: ASGIApp, password: str, others: frozenset[str] = frozenset()) -> None:
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
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if (scope["method"], scope["path"]) == ("GET", "/health"):
            return None
        origin, host = headers.get("origin"), headers.get("host")
        if origin and origin not in self._others and urlsplit(origin).netloc != host:
            return PlainTextResponse("Cross-origin request refused.", 403)
        if not allowed(headers.get("authorization"), self._password):
            challenge = {"WWW-Authenticate": 'Basic realm="driftloop", charset="UTF-8"'}
            return PlainTextResponse("The password of the stack is required.", 401, challenge)
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
