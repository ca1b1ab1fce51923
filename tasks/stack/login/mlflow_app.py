"""MLflow's server behind the password of the stack.

MLflow's own ``--app-name basic-auth`` needs another package, a database of accounts and a secret
key. One user is enough here, so this wraps the whole application, whatever routes it has. It is the
app ``driftloop`` among the entry points ``mlflow.app``, which is how MLflow finds it.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from tasks.stack.login.access import PASSWORD
from tasks.stack.login.basic_auth import CHALLENGE, allowed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def create_app() -> App:
    """Return MLflow's application, guarded; each worker of the server calls this.

    Raises:
        KeyError: if there is no password in the environment.
    """
    from mlflow.server.fastapi_app import app

    given = os.environ.get("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "")
    others = frozenset(one.strip() for one in given.split(",") if one.strip())
    return Guarded(app, os.environ[PASSWORD], others)


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
            return 401, "MLflow asks for the password of the stack."
        return None


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", CHALLENGE.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
