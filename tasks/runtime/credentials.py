"""Secrets from the environment, else from Prefect's Secret blocks."""

import os
from typing import Any

from driftloop.base.errors import DeliveryError
from tasks.runtime.redaction import install, redact_from_now_on

GATEWAY_PASSWORD, GATEWAY_BLOCK = "DRIFTLOOP_PUSHGATEWAY_PASSWORD", "driftloop-pushgateway-password"
"""The Pushgateway's secret belongs to an installation, so no model's configuration has it."""


def secret_for(variable: str, block: str) -> str | None:
    """Return the secret in the environment variable or the Prefect block, or None if neither is.

    From then on it is redacted from the logs. Outside a run, a Prefect server that cannot be
    reached counts as "not set".

    Raises:
        DeliveryError: if the block holds no text, or if Prefect does not answer in a run.
    """
    install()
    secret = os.environ.get(variable, "").strip() or _from_prefect(block)
    if secret:
        redact_from_now_on(secret)
    return secret


def required_secret(variable: str, block: str, what: str) -> str:
    """Return a secret as `secret_for`, or raise `DeliveryError` about `what` if it is not set."""
    secret = secret_for(variable, block)
    if secret is None:
        raise DeliveryError(
            f"{what} is not set; put it in {variable} or the Secret block {block}, "
            "the message is kept"
        )
    return secret


def _from_prefect(block: str) -> str | None:
    import httpx
    from prefect.blocks.system import Secret
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import PREFECT_API_URL

    in_a_run = _in_a_run()
    if not in_a_run and not PREFECT_API_URL.value():
        return None  # loading a block would start a server of its own
    load: Any = Secret.load
    try:
        value = load(block, _sync=True).get()
    except httpx.TransportError:
        if not in_a_run:
            return None
        raise DeliveryError(
            f"Prefect did not answer a request for the Secret block {block!r}; "
            "the message is kept and the next run sends it"
        ) from None
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise DeliveryError(
            f"Prefect answered {status} to a request for the Secret block {block!r}; "
            "check PREFECT_API_URL, and PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        ) from None
    except ValueError as error:
        if isinstance(error.__cause__, ObjectNotFound):
            return None
        raise
    if not isinstance(value, str):
        raise DeliveryError(f"The Prefect Secret block {block!r} holds no text; store it as text")
    return value.strip() or None


def _in_a_run() -> bool:
    from prefect.context import FlowRunContext, TaskRunContext

    return FlowRunContext.get() is not None or TaskRunContext.get() is not None
