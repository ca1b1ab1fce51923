"""HTTP posts to services that recognise a repeated message, so that retries do no harm.

PagerDuty joins events by their dedup key and a webhook's receiver by its idempotency key. Proxies
and certificates come from the environment, as everywhere.
"""

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from driftloop.base.errors import DeliveryError
from tasks.alerts.senders import base
from tasks.alerts.senders.base import LostAnswerError
from tasks.runtime.redaction import redact

if TYPE_CHECKING:
    import httpx

_ADDRESS = re.compile(r"https?://[^\s/]\S*")


def post(
    url: str, body: bytes, headers: Mapping[str, str], service: str, remedy: str
) -> "httpx.Response":
    """Post a body and return the answer, which may be a refusal; redirects are not followed.

    Rate limits, server errors and lost connections are retried after a pause.

    Args:
        url: where to; never shown, for it may hold a secret.
        body: what is posted.
        headers: HTTP headers.
        service: the name of the service in errors.
        remedy: what to do where the URL or a header cannot be used.

    Raises:
        LostAnswerError: if the service did not answer, or could not in the end.
        DeliveryError: if the URL is not valid, or the service is rate-limited.
    """
    if _ADDRESS.fullmatch(url) is None:
        raise DeliveryError(f"{service} could not be reached: its URL is not valid; {remedy}")
    pause = base.PAUSE
    failure: DeliveryError
    for attempt in range(1 + base.RETRIES):
        answer = _answer(url, body, headers, service, remedy)
        if isinstance(answer, LostAnswerError):
            failure, wait = answer, pause
        elif answer.status_code == 429 or answer.status_code >= 500:
            failure, wait = _failed(service, answer.status_code), _asked(answer, pause)
        else:
            return answer
        if attempt == base.RETRIES or wait > base.LONGEST_WAIT:
            break
        time.sleep(wait)
        pause *= 2
    raise failure


def _answer(
    url: str, body: bytes, headers: Mapping[str, str], service: str, remedy: str
) -> "httpx.Response | LostAnswerError":
    import httpx

    try:
        with httpx.Client(timeout=base.TIMEOUT, follow_redirects=False) as client:
            return client.post(url, content=body, headers=dict(headers))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise DeliveryError(
            f"{service} could not be reached ({type(error).__name__}); {remedy}"
        ) from None
    except httpx.RequestError as error:
        text = redact(" ".join(str(error).split())) or type(error).__name__
        return LostAnswerError(
            f"{service} did not answer ({text}); the message is kept, "
            "check that this machine reaches it"
        )


def _asked(answer: "httpx.Response", pause: float) -> float:
    """Return the Retry-After of the answer in seconds, or the pause where it has none."""
    retry_after = answer.headers.get("retry-after", "")
    return max(pause, int(retry_after)) if retry_after.isdecimal() else pause


def _failed(service: str, status: int) -> DeliveryError:
    if status == 429:
        return DeliveryError(
            f"{service} is rate-limited (HTTP 429); the next run sends the message"
        )
    return LostAnswerError(
        f"{service} failed (HTTP {status}); the message is kept and the next run sends it"
    )
