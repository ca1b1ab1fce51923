"""Posting to a service that tells equal messages apart, so that trying again does no harm.

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
    url: str, body: bytes, headers: Mapping[str, str], whom: str, mend: str
) -> "httpx.Response":
    """Post a body and return the answer, which may be a refusal; redirects are not followed.

    Too many requests, server errors and silence are tried again after a pause.

    Args:
        url: where to; never shown, for it may hold a secret.
        body: what is posted.
        headers: what stands beside it.
        whom: the name of the service in errors.
        mend: what to do where the address or a header cannot be used.

    Raises:
        LostAnswerError: if the service did not answer, or could not in the end.
        DeliveryError: if the address is none, or too much was asked of the service.
    """
    if _ADDRESS.fullmatch(url) is None:
        raise DeliveryError(f"{whom} could not be asked, for its address is none; {mend}")
    pause = base.PAUSE
    failure: DeliveryError
    for attempt in range(1 + base.RETRIES):
        answer = _answer(url, body, headers, whom, mend)
        if isinstance(answer, LostAnswerError):
            failure, wait = answer, pause
        elif answer.status_code == 429 or answer.status_code >= 500:
            failure, wait = _failed(whom, answer.status_code), _asked(answer, pause)
        else:
            return answer
        if attempt == base.RETRIES or wait > base.LONGEST_WAIT:
            break
        time.sleep(wait)
        pause *= 2
    raise failure


def _answer(
    url: str, body: bytes, headers: Mapping[str, str], whom: str, mend: str
) -> "httpx.Response | LostAnswerError":
    import httpx

    try:
        with httpx.Client(timeout=base.TIMEOUT, follow_redirects=False) as client:
            return client.post(url, content=body, headers=dict(headers))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise DeliveryError(f"{whom} could not be asked ({type(error).__name__}); {mend}") from None
    except httpx.RequestError as error:
        text = redact(" ".join(str(error).split())) or type(error).__name__
        return LostAnswerError(
            f"{whom} did not answer ({text}); the message is kept, "
            "check that this machine reaches it"
        )


def _asked(answer: "httpx.Response", pause: float) -> float:
    """Return how long the service asks to wait, or the pause where it does not say."""
    asked = answer.headers.get("retry-after", "")
    return max(pause, int(asked)) if asked.isdecimal() else pause


def _failed(whom: str, status: int) -> DeliveryError:
    if status == 429:
        return DeliveryError(f"{whom} is asked too much (HTTP 429); the next run sends the message")
    return LostAnswerError(
        f"{whom} failed (HTTP {status}); the message is kept and the next run sends it"
    )
