"""No secret in a log, whoever writes the line and however it got there."""

import io
import logging
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from prefect.logging.handlers import APILogHandler

from tasks.runtime import redaction
from tasks.runtime.credentials import secret_for
from tasks.runtime.redaction import REDACTED, install, redact, redact_from_now_on

TOKEN = "xoxb-123456789012-AbCdEfGhIjKl"
PASSWORD = 'correct "horse"\\battery & staple'


@pytest.fixture(autouse=True)
def _factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process in which nothing is known and nothing is redacted yet."""
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    monkeypatch.setattr(redaction, "_secrets", set())
    monkeypatch.setattr(redaction, "_pattern", re.compile("|".join(redaction._PATTERNS)))
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    logger, out = logging.getLogger(f"test.{uuid4()}"), io.StringIO()
    handler = logging.StreamHandler(out)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger, out
    logger.removeHandler(handler)


Log = tuple[logging.Logger, io.StringIO]


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4",
        "xapp-1-A0123-4567-abcdef",
        "services/T000/B000/aBcDeF",
    ],
)
def test_what_looks_like_a_token_is_redacted(secret: str) -> None:
    text = redact(f"at https://hooks.slack.com/{secret} now")
    assert secret.split("/")[-1] not in text
    assert text.startswith("at https://hooks.slack.com/")
    assert text.endswith(f"{REDACTED} now")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefgh12345", f"Authorization: Bearer {REDACTED}"),
        ("http://me:pa55word@proxy:8080/x", f"http://{REDACTED}@proxy:8080/x"),
        ("put a token (xoxb-…) there", "put a token (xoxb-…) there"),
        ("bearer of bad news: https://a/b:c", "bearer of bad news: https://a/b:c"),
    ],
)
def test_other_patterns_and_what_is_none(text: str, left: str) -> None:
    assert redact(text) == left


def test_a_secret_that_was_read_is_redacted_in_every_form(
    monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    logger, out = log
    monkeypatch.setenv("A_PASSWORD", PASSWORD)
    assert secret_for("A_PASSWORD", "a-password") == PASSWORD
    logger.info("plain %s, repr %r", PASSWORD, {"password": PASSWORD})
    logger.info("address https://x/?p=correct%20%22horse%22%5Cbattery%20%26%20staple")
    assert out.getvalue().count(REDACTED) == 3
    assert "horse" not in out.getvalue()


def test_the_path_of_a_secret_address_is_a_secret() -> None:
    redact_from_now_on("https://example.org/hooks/a1b2c3?key=d4e5f6")
    told = redact("POST /hooks/a1b2c3?key=d4e5f6 to https://example.org/hooks/a1b2c3?key=d4e5f6")
    assert told == f"POST /{REDACTED} to {REDACTED}"
    redact_from_now_on("https://example.org/hook")
    assert redact("a hook of example.org") == "a hook of example.org"


def test_a_longer_secret_leaves_nothing_of_itself() -> None:
    redact_from_now_on("horse")
    redact_from_now_on("horse-battery")
    redact_from_now_on("xoxb-1234")
    assert redact("horse-battery") == REDACTED
    assert redact(TOKEN) == REDACTED


def test_words_as_short_as_that_are_left() -> None:
    redact_from_now_on("abc")
    assert redact("abc") == "abc"


def test_the_text_of_an_exception_is_redacted(log: Log) -> None:
    logger, out = log
    install()
    try:
        try:
            raise ValueError(f"Invalid header value b'Bearer {TOKEN}'")
        except ValueError as error:
            raise RuntimeError("sending") from error
    except RuntimeError:
        logger.exception("it failed")
    told = out.getvalue()
    assert TOKEN not in told
    assert "Invalid header value" in told
    assert "RuntimeError: sending" in told


def test_an_exception_without_a_secret_is_left_as_it_is(log: Log) -> None:
    logger, _ = log
    install()
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        raise ValueError("harmless")
    except ValueError:
        logger.exception("it failed for %s", "a")
    assert records[0].exc_info is not None
    assert records[0].args == ("a",)


def test_arguments_that_do_not_fit_tell_nothing(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, out = log
    install()
    logger.info("%d of %d", TOKEN)
    assert TOKEN not in out.getvalue() + capsys.readouterr().err
    assert REDACTED in out.getvalue()


def test_it_is_installed_once(log: Log) -> None:
    install()
    factory = logging.getLogRecordFactory()
    install()
    assert logging.getLogRecordFactory() is factory


def test_what_prefect_stores_is_redacted() -> None:
    """The handler that sends the lines of a run to Prefect's server."""
    install()
    redact_from_now_on(PASSWORD)
    logger = logging.getLogger("prefect.flow_runs")
    extra = {"flow_run_id": str(uuid4()), "flow_run_name": "x"}
    handler = APILogHandler()
    for exc_info in (None, (ValueError, ValueError(TOKEN), None)):
        arguments = (logging.INFO, __file__, 1, "said %s %s", (TOKEN, PASSWORD), exc_info)
        record = logger.makeRecord(logger.name, *arguments, extra=extra)
        stored = handler.prepare(record)["message"]
        assert f"said {REDACTED} {REDACTED}" in stored
        assert TOKEN not in stored
