"""What MLflow's server answers before MLflow is asked; MLflow itself is in tests/end_to_end."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tasks.stack.login.guard import Guarded, allowed

RIGHT = ("driftloop", "let-me-in")
HERE = "http://127.0.0.1:5000"


async def mlflow(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that the request has come through."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"mlflow"})
    else:
        await send({"type": "through"})


guarded = Guarded(mlflow, RIGHT[1], frozenset({"https://ml.example"}))


def ask(method: str, path: str, auth: tuple[str, str] | None, **headers: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(guarded)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            options: dict[str, Any] = {"headers": headers} | ({"auth": auth} if auth else {})
            return await client.request(method, path, **options)

    return asyncio.run(request())


@pytest.mark.parametrize(
    "auth", [None, ("driftloop", ""), ("root", "let-me-in"), ("driftloop", "x")]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/version"),
        ("POST", "/api/2.0/mlflow/runs/create"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/a"),
        ("GET", "/health/../version"),
        ("GET", "/x/health"),
        ("POST", "/health"),
    ],
)
def test_without_the_password_mlflow_is_not_asked(
    method: str, path: str, auth: tuple[str, str] | None
) -> None:
    answer = ask(method, path, auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "mlflow" not in answer.text


def test_with_it_everything_is_as_before() -> None:
    for method in ("GET", "POST", "DELETE"):
        assert ask(method, "/api/2.0/mlflow/runs", RIGHT).text == "mlflow"
        assert ask(method, "/api", RIGHT, Origin=HERE).text == "mlflow"
    assert ask("GET", "/health", None).text == "mlflow"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9999", "http://evil.example", "null"])
def test_a_page_of_another_origin_cannot_use_a_password_that_the_browser_knows(origin: str) -> None:
    assert ask("POST", "/api/2.0/mlflow/runs/create", RIGHT, Origin=origin).status_code == 403
    assert ask("OPTIONS", "/api/2.0/mlflow/runs/create", None, Origin=origin).status_code == 403


def test_an_origin_that_was_named_may_use_it() -> None:
    assert ask("POST", "/api", RIGHT, Origin="https://ml.example").text == "mlflow"
    assert ask("POST", "/api", None, Origin="https://ml.example").status_code == 401


@pytest.mark.parametrize(
    ("kind", "said"), [("websocket", "websocket.close"), ("lifespan", "through")]
)
def test_nothing_but_requests_comes_through(kind: str, said: str) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guarded({"type": kind}, None, send))  # type: ignore[arg-type]
    assert [one["type"] for one in sent] == [said]


def test_a_server_without_a_password_lets_nobody_in() -> None:
    assert not allowed("Basic ZHJpZnRsb29wOg==", "")  # the user and nothing
    for odd in (None, "", "Basic", "Basic é", "Bearer let-me-in", "Basic let-me-in"):
        assert not allowed(odd, "let-me-in")
