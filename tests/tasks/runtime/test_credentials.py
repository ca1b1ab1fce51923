import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prefect.blocks.system import Secret
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

import tasks.runtime.credentials
from driftloop.base.errors import DeliveryError
from tasks.runtime.credentials import required_secret, secret_for

NOWHERE = "http://127.0.0.1:9/api"


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    with temporary_settings({PREFECT_API_URL: NOWHERE}):
        yield


def load_gives(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    def load(name: str, **options: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(Secret, "load", load)


def lookup() -> str | None:
    return secret_for("SLACK_BOT_TOKEN", "slack-bot-token")


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    load_gives(monkeypatch, AssertionError("not asked"))
    monkeypatch.setenv("SLACK_BOT_TOKEN", " xoxb-1\n")
    assert lookup() == "xoxb-1"


def test_then_the_secret_block(monkeypatch: pytest.MonkeyPatch) -> None:
    load_gives(monkeypatch, Secret(value=SecretStr("xoxb-2")))
    assert lookup() == "xoxb-2"


def test_a_missing_block_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("Unable to find block document")
    error.__cause__ = ObjectNotFound(http_exc=Exception("404"))
    load_gives(monkeypatch, error)
    assert lookup() is None


def test_another_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    load_gives(monkeypatch, ValueError("the block is damaged"))
    with pytest.raises(ValueError, match="damaged"):
        lookup()


def test_an_unreachable_server_means_not_set_outside_a_run() -> None:
    assert lookup() is None


def test_an_unreachable_server_in_a_run_keeps_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    load_gives(monkeypatch, httpx.ConnectError("refused"))
    monkeypatch.setattr(tasks.runtime.credentials, "_in_a_run", lambda: True)
    with pytest.raises(DeliveryError, match="did not answer"):
        lookup()


def test_no_server_is_started_to_look_for_a_block(
    monkeypatch: pytest.MonkeyPatch, no_server: None
) -> None:
    load_gives(monkeypatch, AssertionError("not asked"))
    assert lookup() is None


def test_a_refusing_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    request = httpx.Request("GET", NOWHERE)
    refusal = httpx.HTTPStatusError("x", request=request, response=httpx.Response(401))
    load_gives(monkeypatch, refusal)
    with pytest.raises(DeliveryError, match="answered 401"):
        lookup()


def test_a_block_without_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    block: Any = {"value": {"token": "xoxb-3"}}
    load_gives(monkeypatch, Secret(**block))
    with pytest.raises(DeliveryError, match="holds no text") as caught:
        lookup()
    assert "xoxb-3" not in str(caught.value)


def test_a_secret_that_was_read_is_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load_gives(monkeypatch, Secret(value=SecretStr("a-secret-of-a-block")))
    assert lookup() == "a-secret-of-a-block"
    logging.getLogger("another.library").warning("sent a-secret-of-a-block")
    assert caplog.messages == ["sent [redacted]"]


def test_a_needed_secret_says_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert required_secret("SLACK_BOT_TOKEN", "slack-bot-token", "The token") == "xoxb-1"
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    with pytest.raises(DeliveryError, match=r"The token is not set; put it in SLACK_BOT_TOKEN or"):
        required_secret("SLACK_BOT_TOKEN", "slack-bot-token", "The token")
