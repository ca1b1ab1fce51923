"""Redaction of secrets in all logs of this process, whoever writes them."""

import logging
import os
import re
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit

from driftloop.base.errors import CREDENTIALS, REDACTED

SHORTEST = 4
"""A shorter secret would redact ordinary words."""

_PATTERNS = (
    r"xox[a-z]{1,2}(?:\.xox[a-z])?-[\w.-]{8,}",  # Slack's tokens
    r"xapp-[\w.-]{8,}",
    r"(?<=hooks\.slack\.com/)(?:services|triggers|workflows)/[^\s\"'<>]+",
    r"(?<=hooks\.slack-gov\.com/)(?:services|triggers|workflows)/[^\s\"'<>]+",
    r"(?<=Bearer )[A-Za-z0-9._~+/=-]{8,}",
    CREDENTIALS,
)
_lock = Lock()
_secrets: set[str] = set()
_pattern = re.compile("|".join(_PATTERNS))


def redact_from_now_on(secret: str) -> None:
    """Redact a secret from now on, also inside addresses."""
    known = {form for form in _forms(secret) if len(form) >= SHORTEST}
    global _pattern
    with _lock:
        if known <= _secrets:
            return
        _secrets.update(known)
        # Of secrets that begin alike the longest is matched, so that no part of it is left.
        words = [re.escape(form) for form in sorted(_secrets, key=len, reverse=True)]
        _pattern = re.compile("|".join([*_PATTERNS, *words]))


def redact(text: str) -> str:
    """Return the text with every known secret, and whatever looks like a token, redacted."""
    return _pattern.sub(REDACTED, text)


def install() -> None:
    """Redact every log record of this process when it is made, before any handler sees it.

    What Prefect and MLflow ask of this process for a password is a secret from the start.
    """
    for name in ("PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_PASSWORD"):
        if given := os.environ.get(name):
            redact_from_now_on(given)
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def redacted(*args: Any, **options: Any) -> logging.LogRecord:
        record = make(*args, **options)
        _clean(record)
        return record

    redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(redacted)


def _forms(secret: str) -> set[str]:
    """Return how a secret is written: as it is, in a repr, in an address, and as its path."""
    forms = {secret, repr(secret)[1:-1], quote(secret), quote(secret, safe="")}
    if secret.startswith(("http://", "https://")):
        address = urlsplit(secret)
        path = address.path.lstrip("/")
        whole = f"{path}?{address.query}" if address.query else path
        # A path such as "hook" is not a secret but an ordinary word.
        forms |= {form for form in (whole, quote(whole, safe="/?=&%")) if len(form) >= 8}
    return forms


def _clean(record: logging.LogRecord) -> None:
    try:
        text = record.getMessage()
    except Exception:  # arguments do not fit the message: logging would print them as they are
        text = f"{record.msg} {record.args}"
        record.msg, record.args = redact(text), ()
    if (clean := redact(text)) != text:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0] is not None:
        trace = logging.Formatter().formatException(record.exc_info)
        if (clean := redact(trace)) != trace:
            # Handlers append the text; some would format the exception itself again.
            record.exc_info, record.exc_text = None, clean
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
